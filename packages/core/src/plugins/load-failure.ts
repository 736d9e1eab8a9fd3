import { FloeError } from "../errors/index.ts";
import type { PluginSource } from "./descriptor.ts";

/** Says why a plugin's module cannot be used. */
export function loadFailure(source: PluginSource, why: string, cause?: unknown): FloeError {
  return new FloeError({
    code: "FLOE_PLUGIN_LOAD_FAILED",
    message: `plugin ${source.name} ${source.version} (${source.origin}) could not be loaded: ${why}`,
    hint: "Reinstall it (floe plugins install …), or take its gates out of the manifest.",
    details: { plugin: source.name },
    ...(cause === undefined ? {} : { cause }),
  });
}
