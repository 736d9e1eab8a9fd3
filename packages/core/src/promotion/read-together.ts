/**
 * Waits for two reads that do not depend on each other. Both have ended when this does, and of two failures the first
 * one's is thrown: what is said does not depend on which was quicker.
 */
export async function readTogether<One, Other>(
  one: Promise<One>,
  other: Promise<Other>,
): Promise<[One, Other]> {
  await Promise.allSettled([one, other]);
  return [await one, await other];
}
