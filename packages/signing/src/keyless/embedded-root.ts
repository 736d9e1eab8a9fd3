import seeds from "@sigstore/tuf/seeds.json" with { type: "json" };
import { isRecord, own } from "../encoding/json-object.ts";

/** The public-good root that came with the installed @sigstore/tuf. */
export interface EmbeddedRoot {
  /** Version of its TUF root. */
  readonly version: number;
  /** When that root expires: a day, `YYYY-MM-DD`. */
  readonly expires: string;
  readonly trustedRoot: Uint8Array;
}

/**
 * Gives the copy of the public-good root that the installed package holds, as old as the package.
 * @throws {Error} the package has no such copy any more: a bug of the build, and a test looks for it
 */
export function embeddedRoot(): EmbeddedRoot {
  const [seed] = Object.values<unknown>(seeds);
  const decode = (text: unknown): Buffer => Buffer.from(String(text), "base64");
  const rootText = own(seed, "root.json");
  const trustedRoot = own(own(seed, "targets"), "trusted_root.json");
  const root: unknown = JSON.parse(decode(rootText).toString("utf8"));
  const signed = own(root, "signed");
  const [version, expires] = [own(signed, "version"), own(signed, "expires")];
  if (!isRecord(seed) || typeof version !== "number" || typeof expires !== "string" || !trustedRoot)
    throw new Error("the installed @sigstore/tuf holds no trusted root");
  return { version, expires: expires.slice(0, 10), trustedRoot: decode(trustedRoot) };
}
