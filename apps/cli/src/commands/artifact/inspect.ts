import { Args, Flags } from "@oclif/core";
import { ArtifactCommand } from "../../artifact-command.ts";
import { chooseNamed } from "../../choose-manifest.ts";
import { countSignatures } from "../../count-signatures.ts";
import { fetchManifest } from "../../open-artifact.ts";
import { readArtifact } from "../../read-artifact.ts";
import { inspectJson, inspectText } from "../../render/inspect.ts";
import { printBytes } from "../../render/print-bytes.ts";

export default class Inspect extends ArtifactCommand {
  static override summary =
    "Show an artifact: digest, layers, platforms, annotations and what is attached to it";
  static override examples = [
    "<%= config.bin %> artifact inspect v1.2.3",
    "<%= config.bin %> artifact inspect oci://harbor.example.com/acme/app@sha256:… -o json",
    "<%= config.bin %> artifact inspect v1.2.3 --platform linux/arm64",
    "<%= config.bin %> artifact inspect v1.2.3 --raw | sha256sum",
  ];
  static override args = {
    reference: Args.string({
      description: "A reference, or a bare tag or digest in the manifest's registry",
    }),
  };
  static override flags = {
    platform: Flags.string({
      description: "Show this one of an index's manifests: os/arch or os/arch/variant",
    }),
    raw: Flags.boolean({
      description: "Print the manifest's bytes and nothing else, whatever the format asked for",
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Inspect);
    const { signal } = this;
    await using target = await this.open(args.reference, flags);
    const { store, reference } = target;
    const named = await fetchManifest(target, signal);
    const raw = await chooseNamed(store, named, flags.platform, { signal });
    if (flags.raw) {
      await printBytes(raw.bytes);
      return;
    }
    const { digest } = raw.descriptor;
    const referrers = await store.referrers(digest, { signal });
    const view = {
      repository: store.repository,
      reference,
      index: named.descriptor.digest === digest ? null : named.descriptor.digest,
      descriptor: raw.descriptor,
      facts: readArtifact(raw),
      referrers,
      signatures: await countSignatures(store, digest, referrers, { signal }),
    };
    await this.result(inspectJson(view), () => inspectText(view));
  }
}
