import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { digestOf } from "@floe/core/model";
import { Flags } from "@oclif/core";
import { compilePlatform } from "../../compile-platform.ts";
import { FloeCommand, FORMATS } from "../../floe-command.ts";
import { specFlag } from "../../spec-flag.ts";

export default class Compile extends FloeCommand {
  static override summary =
    "Compile the spec and the manifest into one file, the same bytes every time";
  static override description =
    "Checks the spec (floe.yaml): names, dependencies, and every component's configuration against its schema. The result is canonical JSON (RFC 8785) with the components in dependency order, what each environment asks for, and the digests of all input.";
  static override examples = [
    "<%= config.bin %> platform compile",
    "<%= config.bin %> platform compile --spec platform/floe.yaml --output build/platform.json --json",
  ];
  static override flags = {
    ...specFlag,
    output: Flags.string({
      default: "target/compiled_artifacts.json",
      description:
        "File to write; here --output is a path, and --format says how the result is printed",
    }),
    format: Flags.option({
      options: FORMATS,
      default: "table",
      description: "How the result is printed",
      helpGroup: "GLOBAL",
    })(),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Compile);
    const { artifact, bytes } = await compilePlatform({
      ...{ manifestPath: flags.manifest, registry: flags.registry, spec: flags.spec },
      ...{ env: process.env, cwd: process.cwd(), version: this.config.version },
      signal: this.signal,
    });
    await mkdir(dirname(flags.output), { recursive: true });
    // Whoever reads it meanwhile sees the old file or the new one.
    const unfinished = `${flags.output}.${process.pid}.tmp`;
    await writeFile(unfinished, bytes);
    await rename(unfinished, flags.output);
    const { components, environments, metadata } = artifact;
    const view = {
      success: true,
      output: flags.output,
      digest: digestOf(bytes),
      size: bytes.byteLength,
      name: metadata.name,
      components: components.map(({ name }) => name),
      environments: environments.map(({ name }) => name),
    };
    await this.result(
      view,
      () => `${view.output}: ${view.components.length} components, ${view.digest}`,
    );
  }
}
