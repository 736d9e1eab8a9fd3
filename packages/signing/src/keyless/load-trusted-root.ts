import { createHash } from "node:crypto";
import type { TrustRootConfig } from "@floe/core/manifest";
import type { CallOptions } from "@floe/core/ports";

/** The bytes of a trusted root and where they came from, or why there are none. */
export type LoadedTrustedRoot =
  | {
      readonly ok: true;
      readonly source: string;
      /** `sha256:<hex>`. */
      readonly sha256: string;
      readonly bytes: Uint8Array;
    }
  | { readonly ok: false; readonly source: string; readonly reason: string };

/** How a trusted root is loaded. */
export interface LoadTrustedRootOptions extends CallOptions {
  /** Folder for the metadata of TUF repositories, unless the manifest names one. */
  readonly cacheDir: string;
  /** Time limit of one request to a TUF repository, in milliseconds. Default 5000. */
  readonly timeoutMs?: number;
}

/**
 * Gets the trusted root that a manifest names, and no other: what cannot be had is a reason, never a fall-back to what came
 * with floe.
 */
export async function loadTrustedRoot(
  config: TrustRootConfig,
  options: LoadTrustedRootOptions,
): Promise<LoadedTrustedRoot> {
  options.signal.throwIfAborted();
  if (config.from === "file") return loaded(`file:${config.file.path}`, config.file.bytes);
  if (config.from === "embedded") {
    const { embeddedRoot } = await import("./embedded-root.ts");
    const { version, expires, trustedRoot } = embeddedRoot();
    return loaded(`embedded (TUF root ${version}, which expires ${expires})`, trustedRoot);
  }
  const { fetchTrustedRoot, PUBLIC_MIRROR } = await import("./fetch-trusted-root.ts");
  const source = `tuf:${config.mirror ?? PUBLIC_MIRROR}`;
  try {
    return loaded(source, await fetchTrustedRoot(config, options));
  } catch (error) {
    options.signal.throwIfAborted();
    return { ok: false, source, reason: reasonOf(error) };
  }
}

function loaded(source: string, bytes: Uint8Array): LoadedTrustedRoot {
  const sha256 = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  return { ok: true, source, sha256, bytes };
}

/** The library says little and not for users; the deepest code says what happened. */
function reasonOf(error: unknown): string {
  const names = new Set<string>();
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ("statusCode" in cause && typeof cause.statusCode === "number")
      return `the TUF repository answered ${cause.statusCode}`;
    names.add("code" in cause ? String(cause.code) : cause.name);
  }
  if (names.has("TimeoutError")) return "the TUF repository did not answer in time";
  if (names.has("ExpiredMetadataError"))
    return "the metadata of the TUF repository has expired; nobody may rely on it";
  for (const code of ["EACCES", "EROFS", "ENOSPC", "ENOTDIR", "EPERM"])
    if (names.has(code)) return `the folder for TUF metadata cannot be written (${code})`;
  for (const code of ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ECONNRESET", "ETIMEDOUT"])
    if (names.has(code)) return `the TUF repository cannot be reached (${code})`;
  return "the TUF repository could not be read, or its metadata does not verify";
}
