/**
 * Reads the time of a VEX statement, which decides between two that disagree.
 *
 * @throws {Error} when there is none, or it cannot be read.
 */
export function readTime(text: string | null | undefined, of: string): Date {
  if (!text) throw new Error(`${of} has no time, and neither has the document`);
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new Error(`the time of ${of} cannot be read`);
  return time;
}
