import { readFile } from "node:fs/promises";
import type { VerificationPolicy } from "@floe/core";
import { EXIT, FloeError } from "@floe/core/errors";
import { Args, Flags } from "@oclif/core";
import { ArtifactCommand } from "../../artifact-command.ts";
import { fetchManifest } from "../../open-artifact.ts";
import { throughCache } from "../../open-cache.ts";
import { keylessEngineOf } from "../../open-keyless-engine.ts";

export default class Verify extends ArtifactCommand {
  static override summary = "Verify the signature of an artifact";
  static override description =
    "Checks that a signature by the key is attached to this very digest. Exit code 6 when there is none.";
  static override examples = [
    "<%= config.bin %> artifact verify v1.2.3 --key keys/artifact.pub",
    "<%= config.bin %> artifact verify v1.2.3 --env prod",
  ];
  static override args = {
    reference: Args.string({
      description: "A reference, or a bare tag or digest in the manifest's registry",
    }),
  };
  static override flags = {
    key: Flags.string({
      description: "Public key file; default the keys of the manifest",
      exclusive: ["env"],
    }),
    env: Flags.string({ description: "Verify by this environment's policy" }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Verify);
    await using target = await this.open(args.reference, flags);
    const policy = await this.policy(flags, target.manifest);
    const cached = await throughCache(target, process.env);
    const artifact = await fetchManifest({ ...target, store: cached ?? target.store }, this.signal);
    const { createArtifactVerifier } = await import("@floe/signing");
    const verifier = createArtifactVerifier({
      now: () => new Date(),
      keyless: keylessEngineOf(target.manifest, process.env),
    });
    const verdict = await verifier.verifyArtifact(target.store, artifact, policy, {
      signal: this.signal,
    });
    const { digest } = artifact.descriptor;
    // A key of the command line is not what the project trusts.
    if (verdict.status === "valid" && flags.key === undefined) await cached?.admit(digest);
    const view = {
      success: verdict.status === "valid",
      digest,
      status: verdict.status,
      signer_identity: verdict.signerIdentity,
      issuer: verdict.issuer,
      rekor_verified: verdict.rekorVerified,
      failure_reason: verdict.failureReason,
      warnings: verdict.warnings,
    };
    const refused = verdict.status !== "valid" && policy.enforcement === "enforce";
    if (refused) process.exitCode = EXIT.signature;
    await this.result(view, () =>
      verdict.status === "valid"
        ? `${digest} is signed by ${verdict.signerIdentity ?? "a trusted key"}`
        : `${digest}: ${verdict.status}${verdict.failureReason === null ? "" : ` (${verdict.failureReason})`}`,
    );
  }

  private async policy(
    flags: { key?: string | undefined; env?: string | undefined },
    manifest: Awaited<ReturnType<Verify["open"]>>["manifest"],
  ): Promise<VerificationPolicy> {
    if (flags.key !== undefined) {
      const publicKey = await readFile(flags.key, "utf8").catch((cause: unknown) => {
        throw new FloeError({
          code: "FLOE_KEY_INVALID",
          message: `${flags.key} cannot be read`,
          hint: "Give the path of a public key file.",
          cause,
        });
      });
      return { ...KEY_ONLY, keys: [{ name: flags.key, publicKey, retiredAt: null }] };
    }
    if (!manifest)
      throw new FloeError({
        code: "FLOE_USAGE_INVALID",
        message: "no key to verify with is given",
        hint: "Give --key FILE, or run floe where a manifest is.",
      });
    const { findEnvironment } = await import("@floe/core");
    const environment =
      flags.env === undefined ? manifest.environments.at(-1) : findEnvironment(manifest, flags.env);
    if (!environment) throw new Error("a manifest has at least one environment");
    return environment.verification;
  }
}

const KEY_ONLY: VerificationPolicy = {
  enforcement: "enforce",
  keys: [],
  trustedIssuers: [],
  require: [],
  requireRekor: false,
  requireSbom: false,
  requirePromotionFrom: null,
  gracePeriodDays: 0,
  formats: ["bundle"],
};
