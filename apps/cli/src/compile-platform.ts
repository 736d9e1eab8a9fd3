import { type Exemption, FloeError, type Manifest } from "@floe/core";
import type { CompiledArtifact } from "@floe/core/spec";

/** What compiling takes. */
export interface CompileInput {
  readonly manifestPath: string | undefined;
  readonly registry: string | undefined;
  /** `--spec`. */
  readonly spec: string;
  /** It is going to be judged: exemptions are read. Default `false`. */
  readonly judged?: boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly version: string;
  readonly signal: AbortSignal;
}

/** A compiled platform, with the manifest that it was compiled for. */
export interface CompiledPlatform {
  readonly manifest: Manifest;
  /** Empty unless it is going to be judged. */
  readonly exemptions: readonly Exemption[];
  readonly artifact: CompiledArtifact;
  readonly bytes: Uint8Array;
}

/**
 * Loads the manifest and the spec and compiles them.
 * @throws {FloeError} FLOE_MANIFEST_INVALID, FLOE_SPEC_INVALID - with all errors of the one file
 */
export async function compilePlatform(input: CompileInput): Promise<CompiledPlatform> {
  const { signal, cwd, spec } = input;
  const { loadProject } = await import("./compose.ts");
  const { compile, loadSpec } = await import("@floe/core/spec");
  const { manifest, exemptions } = await loadProject({
    ...{ ...input, installed: [], withoutGates: true },
    withExemptions: input.judged === true,
  });
  const loaded = await loadSpec(spec, { signal, cwd });
  return { manifest, exemptions, ...compile(loaded, manifest) };
}

/**
 * Refuses to publish a spec that says another version than the one it is published as.
 * @throws {FloeError} FLOE_USAGE_INVALID - the two differ by more than a leading v
 */
export function checkSpecVersion({ artifact }: CompiledPlatform, version: string): void {
  const written = artifact.metadata.version;
  const bare = (text: string): string => text.replace(/^v/, "");
  if (written === null || bare(written) === bare(version)) return;
  throw new FloeError({
    code: "FLOE_USAGE_INVALID",
    message: `the spec says metadata.version ${JSON.stringify(written)}, and is to be published as ${version}`,
    hint: "Change one of them, or take metadata.version out of the spec.",
  });
}
