/**
 * Runs work for many items, at most `limit` at once, and gives the answers in the items' order. The first failure stops
 * what has begun through the signal that the work gets, and is thrown when all of it has ended: nothing goes on behind
 * the caller's back.
 */
export async function inParallel<Item, Answer>(
  items: readonly Item[],
  options: { readonly limit: number; readonly signal: AbortSignal },
  work: (item: Item, signal: AbortSignal) => Promise<Answer>,
): Promise<Answer[]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const answers: Answer[] = [];
  let failure: { readonly error: unknown } | null = null;
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && failure === null) {
      const index = next;
      next += 1;
      try {
        signal.throwIfAborted();
        answers[index] = await work(items[index] as Item, signal);
      } catch (error) {
        // Those that fail because of the first one say nothing new.
        failure ??= { error };
        stop.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.limit, items.length) }, worker));
  options.signal.throwIfAborted();
  const ended = failure as { readonly error: unknown } | null;
  if (ended !== null) throw ended.error;
  return answers;
}
