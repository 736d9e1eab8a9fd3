import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import type { IssuePath } from "../issue-list.ts";
import type { PinnedFile, TrustRootConfig } from "../manifest.ts";
import type { Verification } from "../schema/verification.ts";
import type { ResolveContext } from "./resolve-context.ts";
import { PATHS } from "./resolve-context.ts";
import { resolveServiceUrl } from "./resolve-sigstore.ts";

/** Far above any trusted root: the public-good one has 7 KB. */
const MAX_ROOT_BYTES = 4 * 1024 * 1024;

const PUBLIC_GOOD = {
  from: "tuf",
  mirror: null,
  root: null,
  cacheDir: null,
} as const satisfies TrustRootConfig;

/** Resolves `artifacts.verification.trust_root`, reading the files that it pins. */
export async function resolveTrustRoot(
  context: ResolveContext,
  value: Verification["trust_root"],
): Promise<TrustRootConfig> {
  const path = [...PATHS.verification, "trust_root"];
  if (value === undefined) return PUBLIC_GOOD;
  if (value === "embedded") return { from: "embedded" };
  const { tuf, file } = value;
  if (context.has([...path, "tuf"]) === context.has([...path, "file"])) {
    context.report(path, "needs exactly one of tuf and file");
    return PUBLIC_GOOD;
  }
  if (file !== undefined) {
    for (const key of ["root", "cache"] as const)
      if (context.has([...path, key]))
        context.report([...path, key], "needs tuf beside it", { side: "key" });
    const pinned = await readPinned(context, file, [...path, "file"]);
    return pinned === null ? PUBLIC_GOOD : { from: "file", file: pinned };
  }
  const isPublic = tuf === "default";
  const cacheDir =
    value.cache === undefined ? null : resolve(context.dirOf([...path, "cache"]), value.cache);
  if (isPublic && context.has([...path, "root"]))
    context.report([...path, "root"], "is not used with tuf: default", { side: "key" });
  if (isPublic || tuf === undefined) return { ...PUBLIC_GOOD, cacheDir };
  const mirror = resolveServiceUrl(context, tuf, [...path, "tuf"]);
  // Whoever answers first would otherwise decide what is trusted.
  if (value.root === undefined)
    context.report([...path, "tuf"], "needs root beside it: the file with the mirror's TUF root");
  const root =
    value.root === undefined ? null : await readPinned(context, value.root, [...path, "root"]);
  return { from: "tuf", mirror, root, cacheDir };
}

async function readPinned(
  context: ResolveContext,
  written: string,
  at: IssuePath,
): Promise<PinnedFile | null> {
  const path = resolve(context.dirOf(at), written);
  try {
    await using handle = await open(path, "r");
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > MAX_ROOT_BYTES) {
      const why = stats.isFile() ? "is too large for a trusted root" : "is not a file";
      context.report(at, `${path} ${why}`);
      return null;
    }
    const bytes = await handle.readFile({ signal: context.signal });
    const sha256 = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    return { path, sha256, bytes };
  } catch (cause) {
    context.signal.throwIfAborted();
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    context.report(
      at,
      `${path} ${code === "ENOENT" ? "does not exist" : `cannot be read (${code})`}`,
    );
    return null;
  }
}

/** A trusted root as plain JSON for the policy digest; `undefined` for the default, which older digests do not name. */
export function trustRootJson(trustRoot: TrustRootConfig): unknown {
  if (trustRoot.from === "embedded") return "embedded";
  if (trustRoot.from === "file") return { file: trustRoot.file.sha256 };
  const { mirror, root } = trustRoot;
  return mirror === null ? undefined : { tuf: mirror, root: root?.sha256 };
}
