import type { ArtifactStore, RawManifest } from "@floe/core";
import { FloeError, isFloeError } from "@floe/core/errors";
import { MAX_PREDICATE_BYTES, parseSbom } from "@floe/signing";
import { generatedName, type SbomFormat, sbomOfArtifact, sbomOfFolder } from "./make-sbom.ts";
import { readDocument } from "./read-document.ts";

/** Where an SBOM comes from: a file, else a folder, else the artifact itself. */
export interface SbomSource {
  readonly store: ArtifactStore;
  readonly artifact: RawManifest;
  /** `-` is standard input. */
  readonly file: string | undefined;
  readonly folder: string | undefined;
  /** Of one that is made. */
  readonly format: SbomFormat;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/**
 * Reads an SBOM, or has one made.
 * @throws {FloeError} FLOE_PREDICATE_INVALID - the file is no SBOM that floe knows
 * @throws {FloeError} FLOE_SBOM_GENERATOR_MISSING - there is no file and nothing that makes one
 * @throws {FloeError} FLOE_SBOM_GENERATOR_FAILED - what makes one failed, or made something else
 */
export async function readSbom(source: SbomSource): Promise<ReturnType<typeof parseSbom>> {
  const { store, artifact, file, folder, signal } = source;
  const now = new Date();
  const maxBytes = MAX_PREDICATE_BYTES;
  if (file !== undefined) {
    const bytes = await readDocument(file, { maxBytes, signal });
    return parseSbom({ bytes, name: file === "-" ? "standard input" : file, now });
  }
  const options = { format: source.format, env: source.env, signal, maxBytes };
  const bytes =
    folder === undefined
      ? await sbomOfArtifact({ store, artifact }, options)
      : await sbomOfFolder(folder, options);
  try {
    return parseSbom({ bytes, name: generatedName(folder), now });
  } catch (cause) {
    if (!isFloeError(cause, "FLOE_PREDICATE_INVALID")) throw cause;
    const { message } = cause;
    const hint = "Make the SBOM with another tool, and give it with --file.";
    throw new FloeError({ code: "FLOE_SBOM_GENERATOR_FAILED", message, hint, cause });
  }
}
