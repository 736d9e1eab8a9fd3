import { Args, Flags } from "@oclif/core";
import { ArtifactCommand } from "../../artifact-command.ts";
import { fetchManifest } from "../../open-artifact.ts";
import { pullFiles } from "../../pull-files.ts";

export default class Pull extends ArtifactCommand {
  static override summary = "Write the files of an artifact into a folder";
  static override examples = [
    "<%= config.bin %> artifact pull v1.2.3",
    "<%= config.bin %> artifact pull oci://harbor.example.com/acme/app:v1.2.3 -d out",
  ];
  static override args = {
    reference: Args.string({
      description: "A reference, or a bare tag or digest in the manifest's registry",
    }),
  };
  static override flags = {
    dir: Flags.string({
      char: "d",
      default: ".",
      description: "Folder to write to; made when it is not there",
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Pull);
    await using target = await this.open(args.reference, flags);
    const manifest = await fetchManifest(target, this.signal);
    const files = await pullFiles(target.store, manifest, flags.dir, this.signal);
    const { digest } = manifest.descriptor;
    await this.result({ success: true, digest, files }, () =>
      [
        digest,
        ...files.map((file) => `  ${file.path}  ${file.digest}`),
        ...(files.length === 0 ? ["  no layer has a file name; nothing was written"] : []),
      ].join("\n"),
    );
  }
}
