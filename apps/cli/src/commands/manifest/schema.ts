import { FloeCommand } from "../../floe-command.ts";
import { print } from "../../render/print.ts";

export default class Schema extends FloeCommand {
  static override summary = "Print the JSON Schema of the manifest, for editors";
  static override examples = ["<%= config.bin %> manifest schema > floe.schema.json"];

  async run(): Promise<void> {
    await this.parse(Schema);
    const { manifestJsonSchema } = await import("@floe/core/manifest");
    const { policiesSchema } = await import("@floe/policy");
    const { createPluginRegistry } = await import("@floe/core");
    const registry = createPluginRegistry({
      sources: this.installedPlugins(),
      inline: [],
      allow: null,
    });
    const gates: Record<
      string,
      NonNullable<Awaited<ReturnType<typeof registry.find>>>["provider"]["config"]
    > = {};
    for (const { id, problem } of registry.list()) {
      const found = problem === null ? await registry.find(id) : null;
      if (found) gates[id] = found.provider.config;
    }
    await print("json", manifestJsonSchema({ gates, policies: policiesSchema }), () => "");
  }
}
