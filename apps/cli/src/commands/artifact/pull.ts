import { Args, Flags } from "@oclif/core";
import { ArtifactCommand } from "../../artifact-command.ts";
import { choosePulled } from "../../choose-manifest.ts";
import { fetchManifest } from "../../open-artifact.ts";
import { throughCache } from "../../open-cache.ts";
import { pullFiles } from "../../pull-files.ts";
import { createByteProgress } from "../../render/byte-progress.ts";
import { pullJson, pullText } from "../../render/pull.ts";

export default class Pull extends ArtifactCommand {
  static override summary = "Write the files of an artifact into a folder";
  static override description =
    "Folders that were pushed with floe or oras are unpacked. Nothing stands under its name before all of it was checked.";
  static override examples = [
    "<%= config.bin %> artifact pull v1.2.3",
    "<%= config.bin %> artifact pull oci://harbor.example.com/acme/app:v1.2.3 -d out",
    "<%= config.bin %> artifact pull v1.2.3 -d out --overwrite",
    "<%= config.bin %> artifact pull v1.2.3 --platform linux/arm64",
  ];
  static override args = {
    reference: Args.string({
      description: "A reference, or a bare tag or digest in the manifest's registry",
    }),
  };
  static override flags = {
    dir: Flags.string({
      char: "d",
      aliases: ["output-dir"],
      default: ".",
      description: "Folder to write to; made when it is not there",
    }),
    overwrite: Flags.boolean({
      description: "Replace files that are there with other content",
    }),
    platform: Flags.string({
      description: "Which manifest of an index: os/arch or os/arch/variant; default this machine's",
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Pull);
    const { signal } = this;
    await using target = await this.open(args.reference, flags);
    const store = (await throughCache(target, process.env, this.telemetry)) ?? target.store;
    const named = await fetchManifest({ ...target, store }, signal);
    const manifest = await choosePulled(store, named, flags.platform, { signal });
    const progress = createByteProgress(process.stderr, {
      label: `pulling ${target.reference ?? ""}`,
      quiet: flags.quiet === true,
    });
    try {
      const files = await pullFiles(store, manifest, flags.dir, {
        signal,
        overwrite: flags.overwrite,
        onBytes: (bytes, total) => progress.add(bytes, total),
      });
      progress.done();
      if (files.length === 0)
        this.logger(flags).warn(
          "no layer has a file name, as with images: nothing was written. To have all of it in a folder: floe artifact copy REF oci-layout:PATH",
        );
      await this.result(pullJson(manifest, named, files), () => pullText(manifest, files));
    } finally {
      progress.done();
    }
  }
}
