import { FloeError } from "@floe/core/errors";
import { Args, Flags } from "@oclif/core";
import { ArtifactCommand } from "../../artifact-command.ts";
import { listReferrers } from "../../list-referrers.ts";
import { fetchManifest } from "../../open-artifact.ts";
import { rebuildJson, rebuildText, referrersJson, referrersText } from "../../render/referrers.ts";

export default class Referrers extends ArtifactCommand {
  static override summary =
    "List what is attached to an artifact: signatures, records, SBOMs and others";
  static override description =
    "With --rebuild, makes the lists of the whole repository right again on a registry without the referrers API, where they are tags that writers may overwrite.";
  static override examples = [
    "<%= config.bin %> artifact referrers v1.2.3",
    "<%= config.bin %> artifact referrers v1.2.3 --recursive -o json",
    "<%= config.bin %> artifact referrers v1.2.3 --artifact-type application/vnd.cyclonedx+json",
    "<%= config.bin %> artifact referrers --rebuild",
  ];
  static override args = {
    reference: Args.string({
      description: "A reference, or a bare tag or digest in the manifest's registry",
    }),
  };
  static override flags = {
    "artifact-type": Flags.string({ description: "Only those of this type" }),
    recursive: Flags.boolean({ description: "Also what is attached to what is attached" }),
    rebuild: Flags.boolean({
      description: "Make the repository's lists right again, and say what changed",
      exclusive: ["artifact-type", "recursive"],
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Referrers);
    const { signal } = this;
    await using target = await this.open(args.reference, flags);
    const { store } = target;
    if (flags.rebuild) {
      const { rebuildReferrers } = await import("@floe/oci");
      const report = await rebuildReferrers(store, { signal });
      await this.result(rebuildJson(store.repository, report), () => rebuildText(report));
      return;
    }
    if (target.reference === null)
      throw new FloeError({
        code: "FLOE_USAGE_INVALID",
        message: "no tag or digest is named",
        hint: "Give a reference with a tag, or -t TAG.",
      });
    const { digest } = (await fetchManifest(target, signal)).descriptor;
    const nodes = await listReferrers(store, digest, {
      artifactType: flags["artifact-type"],
      recursive: flags.recursive,
      signal,
    });
    await this.result(referrersJson(nodes), () => referrersText(digest, nodes));
  }
}
