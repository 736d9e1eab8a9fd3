import { randomBytes } from "node:crypto";
import { type DoctorFinding, type Logger, probeRegistry } from "@floe/core";
import { FloeError } from "@floe/core/errors";
import type { FoundRegistry } from "./init-templates.ts";
import { openArtifact } from "./open-artifact.ts";
import type { CommandTelemetry } from "./open-telemetry.ts";

/**
 * Finds out what a registry does that a project is to be set up for.
 * @throws {FloeError} FLOE_REGISTRY_UNAUTHORIZED, FLOE_REGISTRY_UNAVAILABLE and the like - floe cannot work there
 */
export async function probeForInit(input: {
  readonly uri: string;
  readonly insecure: boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly version: string;
  readonly logger: Logger;
  readonly telemetry: CommandTelemetry;
  readonly signal: AbortSignal;
}): Promise<FoundRegistry> {
  const { uri, insecure, signal } = input;
  await using target = await openArtifact({
    ...input,
    ...{
      reference: undefined,
      registry: uri,
      tag: undefined,
      manifestPath: undefined,
      nearest: null,
    },
  });
  const id = randomBytes(6).toString("hex");
  const { traits, findings } = await probeRegistry(target.store, { signal, write: true, id });
  const failed = findings.find(({ status }) => status === "fail");
  if (failed?.code)
    throw new FloeError({
      code: failed.code,
      message: failed.seen,
      hint: failed.fix ?? "Nothing was written.",
      details: { registry: target.store.repository },
    });
  const isWritten = /^(?:oci|oci-layout):/.test(uri);
  return {
    uri: isWritten ? uri : `oci://${uri}`,
    found: findings.map(lineOf),
    insecure,
    legacySignatures: traits.legacySignatures,
  };
}

function lineOf({ check, seen }: DoctorFinding): string {
  return `${check.replaceAll("_", " ")}: ${seen}`.replace(/\s+/g, " ");
}
