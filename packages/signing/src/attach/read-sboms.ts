import { type Descriptor, digestOf, type RawManifest } from "@floe/core/model";
import type { ArtifactStore, CallOptions, TrustedSigner, Verifier } from "@floe/core/ports";
import { parseBundle } from "../bundle/parse-bundle.ts";
import { describeSbom, type SbomDescription } from "../predicate/describe-sbom.ts";
import { isSbomFileType, SBOM_PREDICATE_TYPES } from "../predicate/predicate-type.ts";
import { hasSubject, parseStatement } from "../statement/parse-statement.ts";
import { readAttachedBundles } from "./read-attached-bundles.ts";

/** An SBOM that is attached to an artifact. */
export interface AttachedSbom {
  readonly referrer: Descriptor;
  /** The predicate type, or what an unsigned one says that it is. */
  readonly type: string;
  /** `null` where it is not JSON in a known format, or was not read because nobody signed it. */
  readonly sbom: SbomDescription | null;
  /** What was signed; `null` where it was not read. */
  readonly document: unknown;
  readonly signature:
    | { readonly status: "verified"; readonly signer: string }
    /** Signed, and not by anybody who is trusted here, or for something else. */
    | { readonly status: "untrusted"; readonly reason: string }
    | { readonly status: "unsigned" };
}

/** Everything that {@link readSboms} found; `omitted` not zero: there may be more. */
export interface AttachedSboms {
  readonly sboms: readonly AttachedSbom[];
  readonly omitted: number;
}

/**
 * Reads the SBOMs that are attached to an artifact and says who signed each. One without a signature is listed as such
 * and its content is not read: anybody who can push may have written it.
 * @throws {FloeError} what the store throws when the registry is in trouble: then nothing is known
 */
export async function readSboms(
  input: {
    readonly store: ArtifactStore;
    readonly artifact: RawManifest;
    readonly trusted: readonly TrustedSigner[];
    readonly verifier: Verifier;
  },
  options: CallOptions,
): Promise<AttachedSboms> {
  const { store, artifact, trusted, verifier } = input;
  const { bundles, others, omitted } = await readAttachedBundles(
    { store, subject: artifact },
    options,
  );
  const digest = digestOf(artifact.bytes);
  const sboms: AttachedSbom[] = [];
  for (const { referrer, bundle } of bundles) {
    const parsed = parseBundle(bundle);
    // Of what cannot be read nothing but its own word says what it is.
    const claimed = referrer.annotations?.["dev.sigstore.bundle.predicateType"] ?? "";
    if (!parsed.ok) {
      if (SBOM_PREDICATE_TYPES.has(claimed))
        sboms.push({
          referrer,
          type: claimed,
          sbom: null,
          document: null,
          signature: untrusted(parsed),
        });
      continue;
    }
    const read = parseStatement(parsed.bundle.payload);
    if (!read.ok || !SBOM_PREDICATE_TYPES.has(read.statement.predicateType)) continue;
    const { predicateType: type, predicate } = read.statement;
    const sbom = describeSbom(predicate);
    const verdict = verifier.verifyBundle(bundle, trusted);
    const signature: AttachedSbom["signature"] = !verdict.ok
      ? untrusted(verdict)
      : hasSubject(read.statement, digest)
        ? { status: "verified", signer: verdict.name }
        : { status: "untrusted", reason: "SUBJECT_MISMATCH: signed for another digest" };
    sboms.push({ referrer, type, sbom, document: predicate, signature });
  }
  for (const other of others) {
    const type = other.kind === "other" ? other.artifactType : null;
    if (type !== null && isSbomFileType(type))
      sboms.push({
        referrer: other.referrer,
        type,
        sbom: null,
        document: null,
        signature: { status: "unsigned" },
      });
  }
  return { sboms, omitted };
}

function untrusted({ code, reason }: { readonly code: string; readonly reason: string }) {
  return { status: "untrusted" as const, reason: `${code}: ${reason}` };
}
