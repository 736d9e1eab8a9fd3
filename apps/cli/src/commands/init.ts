import { relative, resolve } from "node:path";
import { Args, Flags } from "@oclif/core";
import { FloeCommand, type GlobalFlags } from "../floe-command.ts";
import { initProject } from "../init-project.ts";

export default class Init extends FloeCommand {
  static override summary =
    "Set up a folder: a manifest, two key pairs, an embedded registry and an example artifact";
  static override description =
    "Never overwrites anything. The embedded registry is an OCI image-layout folder that oras and crane read. With --registry the one that you have is probed instead (who may read and write, how referrers are listed, whether tags move), with scratch objects under floe-probe.…, and the manifest says what was found.";
  static override examples = [
    "<%= config.bin %> init",
    "<%= config.bin %> init my-platform --name acme-platform",
    "<%= config.bin %> init --registry oci://harbor.example.com/acme/app",
  ];
  static override args = {
    folder: Args.string({
      default: ".",
      description: "Folder to set up; made when it is not there",
    }),
  };
  static override flags = {
    name: Flags.string({ description: "Name for the manifest; default the folder's" }),
    insecure: Flags.boolean({
      description: "Talk to the registry of --registry over plain HTTP; loopback needs no word",
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Init);
    const probe = flags.registry === undefined ? null : await this.#probe(flags.registry, flags);
    const folder = resolve(args.folder);
    const made = await initProject({
      folder,
      name: flags.name,
      registry: probe,
      env: process.env,
      signal: this.signal,
    });
    const shown = relative(process.cwd(), folder) || ".";
    const { files, example } = made;
    const view = {
      success: true,
      folder,
      files,
      version: example?.version ?? null,
      digest: example?.digest ?? null,
      registry: probe && { uri: probe.uri, found: probe.found },
    };
    const version = example?.version ?? "v0.1.0";
    await this.result(view, () =>
      [
        `Set up ${shown}:`,
        ...files.map((file) => `  ${file.path.padEnd(24)} ${file.purpose}`),
        ...(example
          ? [
              `  ${"registry".padEnd(24)} ${version} ${example.digest}, signed with keys/artifact.key`,
            ]
          : [
              `  ${"registry".padEnd(24)} ${probe?.uri}`,
              ...(probe?.found ?? []).map((line) => `    ${line}`),
            ]),
        "",
        "Next:",
        ...(shown === "." ? [] : [`  cd ${shown}`]),
        ...(example ? [] : [`  floe platform publish ${version}`]),
        `  floe promote ${version} --to dev`,
        `  floe promote ${version} --to staging --dry-run`,
        "  floe status",
      ].join("\n"),
    );
  }

  // Nothing is written before the registry is known to do.
  async #probe(
    uri: string,
    flags: Pick<GlobalFlags, "quiet" | "verbose"> & { readonly insecure: boolean },
  ) {
    const { probeForInit } = await import("../probe-for-init.ts");
    return await probeForInit({
      ...{ uri, insecure: flags.insecure, env: process.env, cwd: process.cwd() },
      ...{ version: this.config.version, logger: this.logger(flags), signal: this.signal },
      telemetry: this.telemetry,
    });
  }
}
