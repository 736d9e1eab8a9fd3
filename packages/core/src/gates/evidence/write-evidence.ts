import { requireSigner } from "../../ledger/ledger-context.ts";
import { bundleManifest } from "../../model/bundle-manifest.ts";
import { canonicalJson } from "../../model/canonical-json.ts";
import { type Descriptor, EMPTY_BLOB, EMPTY_DESCRIPTOR } from "../../model/descriptor.ts";
import { type Digest, inTotoDigest } from "../../model/digest.ts";
import { type GateResult, type GateResultStatement, PREDICATE_TYPES } from "../../model/records.ts";
import { evidenceTag } from "../../model/tag.ts";
import type { ArtifactStore, CallOptions, ManifestInput } from "../../ports/index.ts";
import type { FloeContext } from "../../promotion/context.ts";
import type { Operator } from "../../promotion/operation.ts";
import type { GateMaterial } from "./gate-material.ts";
import { testResultOf } from "./test-result.ts";
import { vulnsOf } from "./vulns.ts";

/** The run that gates were judged in. */
export interface EvidenceRun {
  readonly artifact: Pick<Descriptor, "mediaType" | "digest" | "size">;
  readonly version: string;
  readonly source: string;
  readonly environment: string;
  readonly operation: string;
  readonly operator: Pick<Operator, "name" | "actor">;
}

/** A gate's result with what it rests on. */
export interface GateToKeep {
  readonly result: GateResult;
  readonly material: GateMaterial;
}

/**
 * Signs what gates found and stores it beside the artifact, with the raw reports: a statement of floe's own for each, and one
 * in the words of in-toto where there are such. Each has a tag of its own, so that a registry keeps it.
 * @returns the digest of each gate's own statement, by gate
 */
export async function writeEvidence(
  run: EvidenceRun,
  gates: readonly GateToKeep[],
  context: Pick<FloeContext, "store" | "signer">,
  options: CallOptions,
): Promise<ReadonlyMap<string, Digest>> {
  const digests = new Map<string, Digest>();
  const manifests: WrittenManifest[] = [];
  for (const gate of gates) {
    const { pack } = gate.material;
    const annotations = {
      "dev.floe.gate": gate.result.gate,
      "dev.floe.gate.status": gate.result.status,
      "dev.floe.gate.target-env": run.environment,
      "dev.floe.gate.config-digest": gate.material.configDigest,
    };
    const own = statementOf(run, gate);
    if (pack)
      await context.store.putBlob(pack.descriptor, pack.bytes, { ...options, absent: true });
    const written = await signed(run, PREDICATE_TYPES.gateResult, own, context, {
      ...options,
      annotations,
      config: pack?.descriptor,
    });
    digests.set(gate.result.gate, written.digest);
    manifests.push(written);
    // They rest on the same reports, which are there already.
    const more = {
      ...options,
      annotations: { "dev.floe.gate": gate.result.gate },
      config: pack?.descriptor,
    };
    const tests = testResultOf(gate);
    if (tests) manifests.push(await signed(run, PREDICATE_TYPES.testResult, tests, context, more));
    for (const scan of vulnsOf(gate))
      manifests.push(await signed(run, PREDICATE_TYPES.vulns, scan, context, more));
  }
  await attachAll(manifests, context.store, options);
  return digests;
}

type WrittenManifest = ManifestInput & { readonly digest: Digest };

async function signed(
  run: EvidenceRun,
  predicateType: string,
  predicate: unknown,
  { store, signer }: Pick<FloeContext, "store" | "signer">,
  options: CallOptions & {
    readonly annotations: Readonly<Record<string, string>>;
    readonly config?: Descriptor | undefined;
  },
): Promise<WrittenManifest> {
  const statement = canonicalJson({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: store.repository, digest: inTotoDigest(run.artifact.digest) }],
    predicateType,
    predicate,
  });
  const { annotations, config, signal } = options;
  const bytes = new TextEncoder().encode(statement);
  const bundle = await requireSigner(signer, "evidence").sign(bytes, { signal });
  const manifest = bundleManifest({
    subject: run.artifact,
    bundle,
    predicateType,
    created: store.now(),
    annotations,
    embeds: true,
    ...(config ? { config } : {}),
  });
  if (!config) await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, { signal });
  await store.putBlob(manifest.layer, bundle, { signal, absent: true });
  return manifest;
}

// A list of referrers, where one has to be written, is written once.
async function attachAll(
  manifests: readonly WrittenManifest[],
  store: ArtifactStore,
  options: CallOptions,
): Promise<void> {
  const named = { ...options, contentNamed: true };
  const last = manifests.at(-1);
  if (!last) return;
  const alongside = manifests.slice(0, -1);
  for (const manifest of alongside)
    await store.createTag(evidenceTag(manifest.digest), manifest, named);
  await store.attach(last, { ...named, tag: evidenceTag(last.digest), alongside });
}

function statementOf(run: EvidenceRun, { result, material }: GateToKeep): GateResultStatement {
  return {
    result,
    environment: run.environment,
    source_environment: run.source,
    version: run.version,
    operation: run.operation,
    config_digest: material.configDigest,
    judged_at: material.judgedAt.toISOString(),
    runs: material.runs,
    reports: material.reports,
    pack: material.pack && {
      digest: material.pack.descriptor.digest,
      size: material.pack.descriptor.size,
    },
    baseline: material.baseline,
    operator: run.operator.name,
    operator_identity: run.operator.actor,
  };
}
