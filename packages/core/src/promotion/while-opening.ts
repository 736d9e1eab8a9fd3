import type { CallOptions, Signer } from "../ports/index.ts";

/**
 * Does something while a key is being opened, and stops it as soon as the key turns out not to open: nobody waits for gates
 * whose promotion cannot be signed.
 * @throws what opening the key has failed with, else what the work has failed with; nothing of it runs on
 */
export async function whileOpening<Result>(
  signer: Pick<Signer, "ready"> | null,
  work: (signal: AbortSignal) => Promise<Result>,
  options: CallOptions,
): Promise<Result> {
  const stop = new AbortController();
  const opening = signer?.ready?.(options).catch((cause: unknown) => {
    stop.abort(cause);
    throw cause;
  });
  const [opened, done] = await Promise.allSettled([
    opening,
    work(AbortSignal.any([options.signal, stop.signal])),
  ]);
  if (opened.status === "rejected") throw opened.reason;
  if (done.status === "rejected") throw done.reason;
  return done.value;
}
