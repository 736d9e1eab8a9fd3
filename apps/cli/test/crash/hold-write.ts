import type { RegistryPlace } from "./place.ts";

/** A write that stands still before it is applied. */
export interface HeldWrite {
  /** Settles when the write has come in. */
  readonly reached: Promise<void>;
  readonly letGo: () => void;
}

/** Holds the nth write whose path matches, counted from now on. */
export function holdWrite(
  place: Pick<RegistryPlace, "onWrite">,
  path: RegExp,
  nth: number,
): HeldWrite {
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  let seen = 0;
  const remove = place.onWrite(async (event) => {
    if (event.phase !== "before" || !path.test(event.path)) return;
    seen += 1;
    if (seen !== nth) return;
    remove();
    reached.resolve();
    await released.promise;
  });
  return { reached: reached.promise, letGo: () => released.resolve() };
}
