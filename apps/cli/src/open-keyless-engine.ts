import { homedir } from "node:os";
import { join } from "node:path";
import type { CallOptions, Manifest } from "@floe/core";
import type { KeylessEngine } from "@floe/signing";

/** The public-good instance, for whoever verifies without a manifest. */
const PUBLIC_GOOD = {
  trustRoot: { from: "tuf", mirror: null, root: null, cacheDir: null },
  environments: [],
} as const satisfies Pick<Manifest, "trustRoot" | "environments">;

/**
 * Gives the function that loads, once, what judges certificates, with the trusted root that the manifest names. One that
 * cannot be had is said by the engine for each bundle, so that keys can still be judged.
 */
export function keylessEngineOf(
  manifest: Pick<Manifest, "trustRoot" | "environments"> | null,
  env: NodeJS.ProcessEnv,
): (options: CallOptions) => Promise<KeylessEngine> {
  let loading: Promise<KeylessEngine> | null = null;
  return ({ signal }) => {
    loading ??= loadEngine(manifest ?? PUBLIC_GOOD, env, signal).catch((error: unknown) => {
      loading = null;
      throw error;
    });
    return loading;
  };
}

async function loadEngine(
  { trustRoot, environments }: Pick<Manifest, "trustRoot" | "environments">,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<KeylessEngine> {
  const { loadKeylessEngine } = await import("@floe/signing");
  const base = env["XDG_CACHE_HOME"];
  // The specification has relative paths ignored.
  const folder = base?.startsWith("/") ? base : join(env["HOME"] ?? homedir(), ".cache");
  return await loadKeylessEngine({
    trustRoot,
    cacheDir: join(folder, "floe", "tuf"),
    withRegex: environments.some(({ verification }) =>
      verification.trustedIssuers.some((trusted) => trusted.subjectRegex !== undefined),
    ),
    signal,
  });
}
