import { Args, Flags } from "@oclif/core";
import { ArtifactCommand } from "../../artifact-command.ts";
import { fetchManifest } from "../../open-artifact.ts";
import { admitVerified, openProofCache, throughCache } from "../../open-cache.ts";
import { keylessEngineOf } from "../../open-keyless-engine.ts";
import {
  artifactVerificationJson,
  artifactVerificationText,
  verificationError,
} from "../../render/artifact-verification.ts";
import { choosePolicy } from "../../verification-policy.ts";

export default class Verify extends ArtifactCommand {
  static override summary = "Verify signatures and attestations of an artifact";
  static override description =
    "Judges what is attached to this very digest by an environment's policy, or by the keys and identities of the command line. Exit code 6 when it is not accepted; 5 or 14 when the registry, or its login, kept it from being judged.";
  static override examples = [
    "<%= config.bin %> artifact verify v1.2.3 --env prod",
    "<%= config.bin %> artifact verify v1.2.3 --key keys/artifact.pub",
    "<%= config.bin %> artifact verify v1.2.3 --key keys/ci.pub --type slsaprovenance1",
    "<%= config.bin %> artifact verify oci://harbor.example.com/acme/app:v1.2.3 --issuer https://token.actions.githubusercontent.com --subject https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.3",
  ];
  static override args = {
    reference: Args.string({
      description: "A reference, or a bare tag or digest in the manifest's registry",
    }),
  };
  static override flags = {
    key: Flags.string({
      description: "Public key file; may be given several times, and one of them is enough",
      multiple: true,
      exclusive: ["env"],
    }),
    issuer: Flags.string({
      description: "OIDC issuer that a keyless signature must be by",
      aliases: ["certificate-oidc-issuer"],
      exclusive: ["env"],
    }),
    subject: Flags.string({
      description: "Subject that a keyless signature must be by, compared as written",
      aliases: ["certificate-identity"],
      exclusive: ["env"],
    }),
    env: Flags.string({
      description: "Judge by this environment's policy; default the last one's",
    }),
    type: Flags.string({
      description:
        "Predicate type of an attestation that must be there (a URI or a short name); with --key or --issuer in place of the signature, else beside what the policy requires",
      multiple: true,
    }),
    enforcement: Flags.option({
      description: "What a refusal does; may tighten an environment's policy and never loosen it",
      options: ["enforce", "warn", "off"] as const,
    })(),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Verify);
    await using target = await this.open(args.reference, flags);
    const { policy, environment } = await choosePolicy(flags, target.manifest, {
      signal: this.signal,
    });
    const cached = await throughCache(target, process.env, this.telemetry);
    const store = cached ?? target.store;
    const artifact = await fetchManifest({ ...target, store }, this.signal);
    const { createArtifactVerifier } = await import("@floe/signing");
    const verifier = createArtifactVerifier({
      now: () => new Date(),
      keyless: keylessEngineOf(target.manifest, process.env),
      proofs: await openProofCache(target.manifest, process.env, this.logger(flags)),
    });
    const result = await verifier.verifyArtifact(store, artifact, policy, { signal: this.signal });
    const { digest } = artifact.descriptor;
    // A key of the command line is not what the project trusts.
    if (environment !== null) await admitVerified(cached, digest, result);
    const from = policy.requirePromotionFrom;
    const unasked =
      from === null || policy.enforcement === "off"
        ? []
        : [
            `require_promotion_from: ${from} is judged by floe promote and floe platform verify, not here`,
          ];
    const error = policy.enforcement === "enforce" ? verificationError(result) : null;
    if (error) process.exitCode = error.exitCode;
    const view = {
      ...{ digest, environment, result },
      enforcement: policy.enforcement,
      warnings: [...result.warnings, ...unasked],
    };
    await this.result(artifactVerificationJson(view), () => artifactVerificationText(view));
  }
}
