/**
 * Merges the histories of several environments, each newest first, by the times of their events. Within one environment the
 * order stays that of its ledger: where writers race, an event may carry an earlier time than the one that it follows.
 */
export function mergeHistories<Event extends { readonly at: string }>(
  histories: readonly (readonly Event[])[],
): Event[] {
  const merged: Event[] = [];
  const next = histories.map(() => 0);
  for (;;) {
    let newest: { readonly history: number; readonly event: Event } | null = null;
    for (const [history, events] of histories.entries()) {
      const event = events[next[history] ?? 0];
      if (event && (newest === null || event.at > newest.event.at)) newest = { history, event };
    }
    if (newest === null) return merged;
    merged.push(newest.event);
    next[newest.history] = (next[newest.history] ?? 0) + 1;
  }
}
