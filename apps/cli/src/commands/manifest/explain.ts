import { FloeCommand } from "../../floe-command.ts";

export default class Explain extends FloeCommand {
  static override summary =
    "Show the manifest as floe understands it, with every default filled in";
  static override examples = [
    "<%= config.bin %> manifest explain",
    "<%= config.bin %> manifest explain -o json",
  ];

  async run(): Promise<void> {
    const { flags } = await this.parse(Explain);
    const { loadProject } = await import("../../compose.ts");
    const { explainManifest } = await import("@floe/core/manifest");
    const { manifest } = await loadProject({
      manifestPath: flags.manifest,
      registry: flags.registry,
      installed: this.installedPlugins(),
      env: process.env,
      cwd: process.cwd(),
      version: this.config.version,
      signal: this.signal,
    });
    const explained = explainManifest(manifest);
    const { stringify } = await import("yaml");
    await this.result(explained, () => stringify(explained));
  }
}
