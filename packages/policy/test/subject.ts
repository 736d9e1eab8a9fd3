import { digestOf, MEDIA_TYPES } from "@floe/core/model";
import type { Gate, GateSubject, GateVerdict, PluginServices } from "@floe/core/plugin";
import type { ArtifactFacts, RequirementReport } from "@floe/core/ports";
import { createPolicyGate, type PolicyGateOptions } from "../src/index.ts";

export const REPOSITORY = "registry.example.com/acme/app";
export const NOW = new Date("2026-11-22T12:00:00Z");

/** An image manifest with one config of 100 and two layers of 1000 and 2000 bytes. */
export const IMAGE = {
  schemaVersion: 2,
  mediaType: MEDIA_TYPES.ociManifest,
  config: {
    mediaType: "application/vnd.oci.image.config.v1+json",
    digest: digestOf("config"),
    size: 100,
  },
  layers: [
    { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: digestOf("one"), size: 1000 },
    { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: digestOf("two"), size: 2000 },
  ],
};

export const INDEX = {
  schemaVersion: 2,
  mediaType: MEDIA_TYPES.ociIndex,
  manifests: [{ mediaType: MEDIA_TYPES.ociManifest, digest: digestOf("image"), size: 500 }],
};

/** What a subject of {@link subjectOf} has instead of the usual. */
interface SubjectChanges extends Partial<GateSubject["artifact"]> {
  readonly target?: string;
}

/** A subject as core makes it from a manifest, given as an object or as text. */
export function subjectOf(
  manifest: object | string = IMAGE,
  changes: SubjectChanges = {},
): GateSubject {
  const { target = "prod", ...artifact } = changes;
  const text = typeof manifest === "string" ? manifest : JSON.stringify(manifest);
  const bytes = new TextEncoder().encode(text);
  const digest = digestOf(bytes);
  return {
    artifact: {
      reference: `${REPOSITORY}@${digest}`,
      digest,
      mediaType: MEDIA_TYPES.ociManifest,
      size: bytes.length,
      version: "v1.2.3",
      annotations: {},
      manifest: bytes,
      ...artifact,
    },
    source: "staging",
    target,
    gate: "policy_compliance",
    run: null,
    reports: [],
    dryRun: false,
  };
}

/** Facts of a registry that has exactly these blobs, attestations and arrivals. */
export function factsOf(
  known: {
    readonly blobs?: readonly Uint8Array[];
    readonly attested?: Readonly<Record<string, RequirementReport["status"]>>;
    readonly since?: Readonly<Record<string, Date>>;
  } = {},
): ArtifactFacts {
  return {
    requirements: async (types) =>
      types.map((type) => ({
        ...{ type, threshold: 1, signers: [], candidates: [], referrers: [] },
        status: known.attested?.[type] ?? "failed",
        problem: null,
        reason: known.attested?.[type] === "satisfied" ? null : `nothing is attached as ${type}`,
      })) as never,
    async blob({ digest, size }, { maxBytes }) {
      const found = known.blobs?.find((bytes) => digestOf(bytes) === digest);
      if (!found || size > maxBytes) throw new Error(`no blob ${digest}`);
      return found;
    },
    since: async (environment) => known.since?.[environment] ?? null,
  };
}

const services: PluginServices = {
  logger: { debug() {}, info() {}, warn() {} },
  runCommand: () => Promise.reject(new Error("the policy gate runs no commands")),
  now: () => NOW,
  cwd: "/",
};

export function gateFor(
  policies: unknown,
  options: Partial<PolicyGateOptions> = {},
  facts?: ArtifactFacts,
): Gate {
  const provider = createPolicyGate({
    policies,
    environments: ["dev", "staging", "prod"],
    repository: REPOSITORY,
    now: () => NOW,
    ...options,
  });
  const gate = provider.create({}, { ...services, ...(facts && { facts }) } as PluginServices);
  if (gate instanceof Promise) throw new Error("the policy gate is made at once");
  return gate;
}

/** Judges a subject by policies; `rules` alone may be given. */
export async function judge(
  policies: unknown,
  subject: GateSubject,
  facts?: ArtifactFacts,
): Promise<GateVerdict> {
  const section = Array.isArray(policies) ? { rules: policies } : policies;
  return await gateFor(section, {}, facts).evaluate(subject, {
    signal: new AbortController().signal,
  });
}

/** Codes and levels of a verdict's reasons. */
export function findings(verdict: GateVerdict): string[] {
  return (verdict.reasons ?? []).map(({ code, level }) => `${level} ${code}`);
}
