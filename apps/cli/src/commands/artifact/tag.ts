import { Args } from "@oclif/core";
import { ArtifactCommand } from "../../artifact-command.ts";
import { checkArtifactTag, fetchManifest, writeTag } from "../../open-artifact.ts";

export default class Tag extends ArtifactCommand {
  static override summary = "Give an artifact another tag";
  static override description =
    "Immutable tags are created once; tags that the manifest names mutable are moved. Environment tags are written by promotions only.";
  static override examples = [
    "<%= config.bin %> artifact tag v1.2.3 main",
    "<%= config.bin %> artifact tag oci://harbor.example.com/acme/app@sha256:… v1.2.3",
  ];
  static override args = {
    reference: Args.string({ required: true, description: "What gets the tag" }),
    name: Args.string({ required: true, description: "The new tag" }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Tag);
    await using target = await this.open(args.reference, flags);
    checkArtifactTag(args.name, target.rules);
    const raw = await fetchManifest(target, this.signal);
    const { digest, mediaType } = raw.descriptor;
    await writeTag(target, args.name, { bytes: raw.bytes, mediaType }, this.signal);
    await this.result(
      { success: true, digest, tag: args.name, repository: target.store.repository },
      () => digest,
    );
  }
}
