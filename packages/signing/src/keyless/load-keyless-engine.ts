import type { TrustRootConfig } from "@floe/core/manifest";
import { loadSubjectRegex } from "@floe/core/model";
import { engineWithoutRoot } from "./engine-without-root.ts";
import type { KeylessEngine } from "./keyless-engine.ts";
import { type LoadTrustedRootOptions, loadTrustedRoot } from "./load-trusted-root.ts";

/** What the engine is for. */
export interface KeylessEngineOptions extends LoadTrustedRootOptions {
  readonly trustRoot: TrustRootConfig;
  /** Whether anybody is trusted by `subject_regex`, whose engine is loaded only then. Default `false`. */
  readonly withRegex?: boolean;
}

/**
 * Loads what judges certificates, with its trusted root. When the root cannot be had the engine refuses every certificate
 * as TRUST_ROOT_UNAVAILABLE with the reason, so that what keys signed can still be judged.
 */
export async function loadKeylessEngine(options: KeylessEngineOptions): Promise<KeylessEngine> {
  const [loaded, regex] = await Promise.all([
    loadTrustedRoot(options.trustRoot, options),
    options.withRegex === true ? loadSubjectRegex() : null,
  ]);
  const matchesRegex = regex?.matches ?? null;
  if (!loaded.ok) return engineWithoutRoot(loaded.source, loaded.reason);
  const [{ createProver }, { parseTrustedRoot }] = await Promise.all([
    import("./prove-signature.ts"),
    import("./trusted-root.ts"),
  ]);
  const parsed = parseTrustedRoot(loaded.bytes);
  if (!parsed.ok) return engineWithoutRoot(loaded.source, parsed.reason);
  const { source, sha256 } = loaded;
  const { material, newestPart } = parsed.root;
  return {
    trustRoot: { available: true, source, sha256, newestPart },
    matchesRegex,
    ...createProver(material),
  };
}
