import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { digestOf } from "@floe/core/model";
import { Flags } from "@oclif/core";
import { compilePlatform } from "../../compile-platform.ts";
import { FloeCommand, FORMATS } from "../../floe-command.ts";
import { compileReport, judgePlatform } from "../../judge-platform.ts";
import { refusedJson } from "../../render/refused-json.ts";
import { openReportFile, REPORT_FORMATS } from "../../report-file.ts";
import { specFlag } from "../../spec-flag.ts";

export default class Compile extends FloeCommand {
  static override summary =
    "Compile the spec and the manifest into one file, the same bytes every time";
  static override description =
    "Checks the spec (floe.yaml): names, dependencies, and every component's configuration against its schema. The result is canonical JSON (RFC 8785) with the components in dependency order, what each environment asks for, and the digests of all input.";
  static override examples = [
    "<%= config.bin %> platform compile",
    "<%= config.bin %> platform compile --spec platform/floe.yaml --output build/platform.json --json",
    "<%= config.bin %> platform compile --enforcement-report target/policies.html",
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
    "enforcement-report": Flags.string({
      description:
        "Judge by the policies of every environment, as far as they speak of what is compiled, and write what they say to this file; ends with 8 when one of them refuses",
    }),
    "enforcement-format": Flags.option({
      options: REPORT_FORMATS,
      dependsOn: ["enforcement-report"],
      description: "Default by the file's name: .sarif, .html, .xml (JUnit), else JSON",
    })(),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Compile);
    const path = flags["enforcement-report"];
    await using report = await openReportFile(
      path,
      flags["enforcement-format"],
      "--enforcement-report",
    );
    const compiled = await compilePlatform({
      judged: path !== undefined,
      ...{ manifestPath: flags.manifest, registry: flags.registry, spec: flags.spec },
      ...{ env: process.env, cwd: process.cwd(), version: this.config.version },
      signal: this.signal,
    });
    const { artifact, bytes } = compiled;
    const at = new Date();
    const judged =
      path === undefined ? null : await judgePlatform(compiled, at, { signal: this.signal });
    if (judged) await report.write(() => compileReport(compiled, judged, this.config.version, at));
    await mkdir(dirname(flags.output), { recursive: true });
    // Whoever reads it meanwhile sees the old file or the new one.
    const unfinished = `${flags.output}.${process.pid}.tmp`;
    await writeFile(unfinished, bytes);
    await rename(unfinished, flags.output);
    const blocking = judged?.blocking ?? [];
    const { components, environments, metadata } = artifact;
    const view = {
      ...(blocking.length === 0 ? { success: true } : refusedJson(blocking)),
      output: flags.output,
      digest: digestOf(bytes),
      size: bytes.byteLength,
      name: metadata.name,
      components: components.map(({ name }) => name),
      environments: environments.map(({ name }) => name),
      ...(judged ? { policies: judged.rows } : {}),
    };
    await this.result(
      view,
      () => `${view.output}: ${view.components.length} components, ${view.digest}`,
    );
    if (blocking.length > 0) this.refuse(blocking);
  }
}
