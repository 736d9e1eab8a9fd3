import { Args, Flags } from "@oclif/core";
import { ArtifactCommand } from "../../artifact-command.ts";
import { chooseNamed } from "../../choose-manifest.ts";
import { fetchManifest } from "../../open-artifact.ts";
import { openArtifactSigner, signerFlags, signerName } from "../../open-artifact-signer.ts";
import { readDocument } from "../../read-document.ts";

export default class Attest extends ArtifactCommand {
  static override summary = "Attach a signed statement about an artifact, the way cosign 3 does";
  static override description =
    "The document goes into an in-toto statement about the digest; cosign verify-attestation --type reads it. A document that is not what its type says is refused.";
  static override examples = [
    "<%= config.bin %> artifact attest v1.2.3 --type slsaprovenance1 --predicate provenance.json",
    "<%= config.bin %> artifact attest v1.2.3 --type https://acme.example/review/v1 --predicate review.json --key keys/artifact.key",
    "trivy image --format cosign-vuln … | <%= config.bin %> artifact attest v1.2.3 --type vuln --predicate -",
  ];
  static override args = {
    reference: Args.string({
      description: "A reference, or a bare tag or digest in the manifest's registry",
    }),
  };
  static override flags = {
    ...signerFlags,
    type: Flags.string({
      required: true,
      description:
        "Predicate type: spdxjson, spdx, cyclonedx, slsaprovenance, slsaprovenance02, slsaprovenance1, vuln, openvex, link, custom, or a URI",
    }),
    predicate: Flags.string({
      required: true,
      description: "File with the document to sign, or - for standard input",
    }),
    platform: Flags.string({
      description: "Attest this one of an index's manifests: os/arch or os/arch/variant",
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Attest);
    const { signal } = this;
    const signing = await import("@floe/signing");
    const predicateType = signing.parsePredicateType(flags.type);
    const name = flags.predicate === "-" ? "standard input" : flags.predicate;
    const maxBytes = signing.MAX_PREDICATE_BYTES;
    const bytes = await readDocument(flags.predicate, { maxBytes, signal });
    const now = new Date();
    const predicate = signing.parsePredicate({ bytes, predicateType, name, now });
    await using target = await this.open(args.reference, flags);
    const { store } = target;
    const named = await fetchManifest(target, signal);
    const artifact = await chooseNamed(store, named, flags.platform, { signal });
    const opened = await openArtifactSigner(flags, {
      manifest: target.manifest,
      env: process.env,
      logger: this.logger(flags),
      signal: this.signal,
    });
    const { signer } = opened;
    const attached = await signing.attestArtifact(
      { store, artifact, predicate, signer },
      { signal },
    );
    const { digest } = artifact.descriptor;
    const view = {
      success: true,
      digest,
      predicate_type: predicateType,
      attestation: attached.referrer.digest,
      signer: signerName(opened),
    };
    await this.result(view, () => `${digest}: ${predicateType} attested by ${view.signer}`);
  }
}
