import { FloeCommand } from "../../floe-command.ts";

export default class Validate extends FloeCommand {
  static override summary = "Check the manifest; all errors at once";
  static override examples = [
    "<%= config.bin %> manifest validate",
    "<%= config.bin %> manifest validate -m other.yaml -o json",
  ];

  async run(): Promise<void> {
    const { flags } = await this.parse(Validate);
    const { loadProject } = await import("../../compose.ts");
    const { manifest } = await loadProject({
      manifestPath: flags.manifest,
      registry: flags.registry,
      installed: this.installedPlugins(),
      env: process.env,
      cwd: process.cwd(),
      version: this.config.version,
      signal: this.signal,
      thoroughly: true,
    });
    const unsupported = [
      ...manifest.unsupported,
      ...manifest.environments.flatMap((environment) => [
        ...environment.unsupported.map((key) => `${environment.name}: ${key}`),
        ...environment.gates.flatMap((gate) =>
          gate.unsupported.map((key) => `${environment.name}: gate ${gate.name}: ${key}`),
        ),
      ]),
    ];
    const ignored = manifest.ignored ?? [];
    const environments = manifest.environments.map((environment) => environment.name);
    await this.result(
      {
        success: true,
        path: manifest.path,
        digest: manifest.digest,
        environments,
        unsupported,
        ignored,
      },
      () =>
        [
          `${manifest.path} is valid: ${environments.join(" → ")}`,
          ...unsupported.map(
            (key) =>
              `  ! ${key} is configured and cannot be judged by this version; promotions that need it are blocked`,
          ),
          ...ignored.map((key) => `  ! ${key} has no effect in this version; it decides nothing`),
        ].join("\n"),
    );
  }
}
