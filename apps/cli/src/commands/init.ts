import { relative, resolve } from "node:path";
import { FloeError } from "@floe/core/errors";
import { Args, Flags } from "@oclif/core";
import { FloeCommand } from "../floe-command.ts";
import { initProject } from "../init-project.ts";

export default class Init extends FloeCommand {
  static override summary =
    "Set up a folder: a manifest, two key pairs, an embedded registry and an example artifact";
  static override description =
    "Never overwrites anything. The embedded registry is an OCI image-layout folder that oras and crane read.";
  static override examples = [
    "<%= config.bin %> init",
    "<%= config.bin %> init my-platform --name acme-platform",
  ];
  static override args = {
    folder: Args.string({
      default: ".",
      description: "Folder to set up; made when it is not there",
    }),
  };
  static override flags = {
    name: Flags.string({ description: "Name for the manifest; default the folder's" }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Init);
    if (flags.registry !== undefined)
      throw new FloeError({
        code: "FLOE_USAGE_INVALID",
        message: `floe init makes an embedded registry, and ${flags.registry} was given`,
        hint: "Run floe init without --registry, then set artifacts.registry.uri in the manifest.",
      });
    const folder = resolve(args.folder);
    const made = await initProject({
      folder,
      name: flags.name,
      env: process.env,
      signal: this.signal,
    });
    const shown = relative(process.cwd(), folder) || ".";
    const view = {
      success: true,
      folder,
      files: made.files,
      version: made.version,
      digest: made.digest,
    };
    await this.result(view, () =>
      [
        `Set up ${shown}:`,
        ...made.files.map((file) => `  ${file.path.padEnd(24)} ${file.purpose}`),
        `  ${"registry".padEnd(24)} ${made.version} ${made.digest}, signed with keys/artifact.key`,
        "",
        "Next:",
        ...(shown === "." ? [] : [`  cd ${shown}`]),
        `  floe promote ${made.version} --to dev`,
        `  floe promote ${made.version} --to staging --dry-run`,
        "  floe status",
      ].join("\n"),
    );
  }
}
