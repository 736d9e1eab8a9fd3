import type { RawManifest } from "@floe/core";
import { Args, Flags, type Interfaces } from "@oclif/core";
import { ArtifactCommand } from "../../artifact-command.ts";
import { chooseNamed } from "../../choose-manifest.ts";
import type { GlobalFlags } from "../../floe-command.ts";
import { type ArtifactTarget, fetchManifest } from "../../open-artifact.ts";
import { openArtifactSigner, signerFlags, signerName } from "../../open-artifact-signer.ts";
import { sbomsJson, sbomsText, sbomText } from "../../render/sbom.ts";

type Parsed = Interfaces.InferredFlags<typeof Sbom.flags>;

export default class Sbom extends ArtifactCommand {
  static override summary =
    "Attach an SBOM to an artifact as a signed attestation, or show those that are";
  static override description =
    "Takes SPDX JSON and CycloneDX JSON and finds out which it is. Without a file, syft makes one of the image, or npm one of a project's folder. An SBOM that somebody attached without a signature is shown as such and proves nothing.";
  static override examples = [
    "<%= config.bin %> artifact sbom v1.2.3 --file sbom.spdx.json",
    "<%= config.bin %> artifact sbom v1.2.3",
    "<%= config.bin %> artifact sbom v1.2.3 --from-folder . --sbom-format cyclonedx",
    "<%= config.bin %> artifact sbom v1.2.3 --show",
  ];
  static override args = {
    reference: Args.string({
      description: "A reference, or a bare tag or digest in the manifest's registry",
    }),
  };
  static override flags = {
    ...signerFlags,
    file: Flags.string({
      description: "SPDX JSON or CycloneDX JSON file, or - for standard input",
      exclusive: ["from-folder", "show"],
    }),
    "from-folder": Flags.string({
      description: "Have npm make the SBOM of this project's folder",
      exclusive: ["show"],
    }),
    "sbom-format": Flags.option({
      options: ["spdx", "cyclonedx"] as const,
      default: "spdx",
      description: "Format of an SBOM that is made",
    })(),
    platform: Flags.string({
      description: "Take this one of an index's manifests: os/arch or os/arch/variant",
    }),
    show: Flags.boolean({
      description: "Show what is attached and who signed it; --key is then a public key",
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Sbom);
    const { signal } = this;
    await using target = await this.open(args.reference, flags);
    const named = await fetchManifest(target, signal);
    const artifact = await chooseNamed(target.store, named, flags.platform, { signal });
    if (!flags.show) {
      await this.#attach(target, artifact, flags);
      return;
    }
    const { findSboms } = await import("../../find-sboms.ts");
    const { sboms, omitted } = await findSboms(target, artifact, flags.key, { signal });
    if (omitted > 0)
      this.logger(flags).warn(
        `${omitted} attached manifests were not read; there may be more SBOMs`,
      );
    await this.result(sbomsJson(sboms), () => sbomsText(sboms));
  }

  async #attach(
    target: ArtifactTarget,
    artifact: RawManifest,
    flags: Parsed & GlobalFlags,
  ): Promise<void> {
    const signing = await import("@floe/signing");
    // Before minutes are spent on an image: without a key there is nothing to do.
    const opened = await openArtifactSigner(flags, {
      manifest: target.manifest,
      env: process.env,
      logger: this.logger(flags),
      signal: this.signal,
    });
    const { store } = target;
    const { readSbom } = await import("../../read-sbom.ts");
    const predicate = await readSbom({
      ...{ store, artifact, file: flags.file, folder: flags["from-folder"] },
      ...{ format: flags["sbom-format"], env: process.env, signal: this.signal },
    });
    const { signer } = opened;
    const options = { signal: this.signal };
    const attached = await signing.attestArtifact({ store, artifact, predicate, signer }, options);
    const { digest } = artifact.descriptor;
    const { format, version, components } = predicate.sbom;
    const view = {
      success: true,
      digest,
      format,
      version,
      components,
      predicate_type: predicate.predicateType,
      attestation: attached.referrer.digest,
      signer: signerName(opened),
    };
    const what = sbomText(predicate.sbom);
    await this.result(view, () => `${digest}: ${what}, attested by ${view.signer}`);
  }
}
