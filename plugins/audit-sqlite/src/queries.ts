/** What is asked again and again; each has to find its rows by an index, however many events there are. */
export const QUERIES = {
  chain: "SELECT id, pruned FROM chain WHERE name = ?",
  newest: "SELECT seq, bytes, stored_at FROM event WHERE chain = ? ORDER BY seq DESC LIMIT 1",
  slot: "SELECT seq, bytes, stored_at FROM event WHERE chain = ? AND seq = ?",
  page: "SELECT seq, bytes, stored_at FROM event WHERE chain = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?",
  labelled: "SELECT seq FROM label WHERE chain = ? AND name = ? ORDER BY seq DESC",
} as const;
