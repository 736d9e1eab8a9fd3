import type { CallOptions, KeySignature, LogVerdict, TransparencyLog } from "../../ports/index.ts";
import { createPlace } from "./ask-place.ts";

/** A transparency log that checkpoints are put into: what it gives for them is kept with them, wherever they are. */
export interface LogAnchor {
  readonly name: string;
  /** Base URL. */
  readonly url: string;
  /** `host[:port]`: what lines of notes call it. */
  readonly host: string;
  log(signed: KeySignature, options: CallOptions): Promise<Uint8Array>;
  verify(bundle: Uint8Array, signed: KeySignature, options: CallOptions): Promise<LogVerdict>;
}

/** Puts a log behind the deadline and the errors of anchors. Its calls may throw FLOE_ANCHOR_UNAVAILABLE. */
export function createLogAnchor(
  name: string,
  url: string,
  open: (options: CallOptions) => Promise<TransparencyLog>,
): LogAnchor {
  const place = createPlace(() => `${name} (${url})`, open);
  return {
    ...{ name, url, host: new URL(url).host },
    log: (signed, options) => place.ask(options, (log, call) => log.log(signed, call)),
    verify: (bundle, signed, options) =>
      place.ask(options, (log, call) => log.verify(bundle, signed, call)),
  };
}

/** What messages call a log. */
export function describeLog({ name, url }: Pick<LogAnchor, "name" | "url">): string {
  return name === "rekor" ? `the log ${url}` : `the log ${name} (${url})`;
}
