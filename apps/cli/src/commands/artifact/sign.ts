import { FloeError } from "@floe/core/errors";
import { Args, Flags } from "@oclif/core";
import { ArtifactCommand } from "../../artifact-command.ts";
import { fetchManifest } from "../../open-artifact.ts";
import { openKey, signingKeyRef } from "../../open-signer.ts";

export default class Sign extends ArtifactCommand {
  static override summary = "Sign an artifact the way cosign 3 does";
  static override description =
    "The signature is a sigstore bundle attached to the digest; cosign verify --key reads it. Nothing is uploaded to a public log.";
  static override examples = [
    "<%= config.bin %> artifact sign v1.2.3",
    "<%= config.bin %> artifact sign v1.2.3 --key keys/artifact.key",
    "<%= config.bin %> artifact sign -r oci://harbor.example.com/acme/app -t v1.2.3 --key env:SIGNING_KEY",
  ];
  static override args = {
    reference: Args.string({
      description: "A reference, or a bare tag or digest in the manifest's registry",
    }),
  };
  static override flags = {
    key: Flags.string({
      description:
        "Private key that signs artifacts: a file, file:PATH or env:NAME; default FLOE_SIGNING_KEY, then artifacts.signing.private_key_ref",
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Sign);
    await using target = await this.open(args.reference, flags);
    const ref =
      signingKeyRef(flags.key, null, process.env) ?? target.manifest?.signing.privateKeyRef ?? null;
    if (!ref)
      throw new FloeError({
        code: "FLOE_SIGNER_MISSING",
        message: "no signing key is given",
        hint: "Give --key REF, or set artifacts.signing.private_key_ref in the manifest.",
      });
    const artifact = await fetchManifest(target, this.signal);
    const { signer } = await openKey(ref, target.manifest, process.env);
    const { signArtifact } = await import("@floe/signing");
    const attached = await signArtifact(
      { store: target.store, artifact, signer },
      { signal: this.signal },
    );
    const { digest } = artifact.descriptor;
    const by = signer.signer.method === "keyless" ? signer.signer.subject : signer.signer.keyId;
    await this.result(
      { success: true, digest, signature: attached.referrer.digest, signer: by },
      () => `${digest} signed by ${by}`,
    );
  }
}
