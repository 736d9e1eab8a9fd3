import { FloeError } from "../errors/index.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { Digest } from "../model/digest.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "../promotion/context.ts";
import { type Check, checksOf, evidenceOf } from "./check.ts";

/** Checks the artifact's own signatures now, by what the environment asks of them today. */
export async function checkArtifact(
  digest: Digest,
  version: string,
  environment: EnvironmentConfig,
  { store, artifactVerifier }: Pick<FloeContext, "store" | "artifactVerifier">,
  options: CallOptions,
): Promise<Check> {
  const checks = checksOf(environment.name);
  const name = "artifact_signature" as const;
  const { verification } = environment;
  let artifact: Awaited<ReturnType<typeof store.getManifest>>;
  try {
    artifact = await store.getManifest(digest, options);
  } catch (cause) {
    const evidence = evidenceOf(cause);
    if (!evidence) throw cause;
    return checks.failed(name, evidence.code, evidence.message, "Restore it from a copy.");
  }
  if (!artifact)
    return checks.failed(
      name,
      "FLOE_DIGEST_MISMATCH",
      `the repository has lost ${digest} (${version})`,
      "Push the artifact again from a copy: same bytes, same digest.",
    );
  const result = await artifactVerifier.verifyArtifact(store, artifact, verification, options);
  const who = result.signerIdentity ?? "a trusted signer";
  const why = result.failureReason ?? result.status;
  const [remark] = result.warnings;
  switch (result.status) {
    case "valid":
      return remark === undefined
        ? checks.ok(name, `signed by ${who}`)
        : checks.warning(name, `signed by ${who}; ${remark}`, "Sign it again in time.");
    case "skipped":
      return checks.warning(
        name,
        `not looked at: signatures are not verified in ${environment.name} (enforcement: off)`,
        "Set enforcement: enforce.",
      );
    case "unknown":
      // A registry or a trusted root that does not answer says nothing about the artifact.
      if (result.trouble) throw new FloeError({ ...result.trouble, hint: "Run it again." });
      return checks.notChecked(name, `could not be judged: ${why}`, "Run it again when it can be.");
    case "invalid":
    case "unsigned":
      return verification.enforcement === "warn"
        ? checks.warning(name, `not accepted: ${why} (enforcement: warn)`, "Sign it.")
        : checks.failed(
            name,
            "FLOE_SIGNATURE_REQUIRED",
            `${environment.name} accepts no signature of it: ${why}`,
            `Sign it with a key that the manifest trusts: floe artifact sign ${version} --key REF`,
          );
  }
}
