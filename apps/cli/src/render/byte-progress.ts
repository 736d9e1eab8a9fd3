import { formatBytes } from "./bytes.ts";
import { plain } from "./paint.ts";

const MIN_MS_BETWEEN_LINES = 100;
const ERASE_LINE = "\r\u001b[K";

/** Where progress is shown: what of a stream it needs. */
export interface ProgressStream {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

/** A line that says how many bytes have gone through; see {@link createByteProgress}. */
export interface ByteProgress {
  /** Counts bytes; fewer than zero takes back what has to be sent again. `total` says how many there will be. */
  add(bytes: number, total?: number): void;
  /** Takes the line away. What was done is said by the command's result. */
  done(): void;
}

/**
 * Shows bytes on one line that is redrawn, at most ten times a second. Nothing is written where nobody looks: the stream
 * is no terminal, `CI` is set, or `quiet`.
 */
export function createByteProgress(
  stream: ProgressStream,
  { label, quiet = false }: { readonly label: string; readonly quiet?: boolean },
): ByteProgress {
  const shown = stream.isTTY === true && process.env["CI"] === undefined && !quiet;
  let sum = 0;
  let of: number | undefined;
  let last = Number.NEGATIVE_INFINITY;
  let drawn = false;
  return {
    add(bytes, total) {
      sum += bytes;
      of = total ?? of;
      if (!shown) return;
      const now = performance.now();
      if (now - last < MIN_MS_BETWEEN_LINES) return;
      last = now;
      drawn = true;
      const share = of === undefined || of <= 0 ? "" : ` ${Math.floor((100 * sum) / of)} %`;
      const whole = of === undefined ? "" : ` of ${formatBytes(of)}`;
      stream.write(`${ERASE_LINE}… ${plain(label)}: ${formatBytes(sum)}${whole}${share}`);
    },
    done() {
      if (drawn) stream.write(ERASE_LINE);
      drawn = false;
    },
  };
}
