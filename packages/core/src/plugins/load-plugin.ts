import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { type FloePlugin, PLUGIN_API_VERSION } from "../contract/index.ts";
import { FloeError } from "../errors/index.ts";
import { PARSE_ONCE } from "../model/parse-once.ts";
import { type PluginDescriptor, type PluginSource, parseDescriptor } from "./descriptor.ts";

const isFunction = (value: unknown): boolean => typeof value === "function";
const Schema = z.looseObject({
  "~standard": z.looseObject({
    version: z.literal(1),
    validate: z.custom(isFunction, "not a function"),
  }),
});
const Provider = z.looseObject({ id: z.string(), summary: z.string(), config: Schema });
const Plugin = z.looseObject({
  apiVersion: z.literal(PLUGIN_API_VERSION),
  meta: z.looseObject({ name: z.string(), version: z.string() }),
  gates: z.array(Provider.extend({ create: z.custom(isFunction, "not a function") })).optional(),
  auditBackends: z
    .array(Provider.extend({ open: z.custom(isFunction, "not a function") }))
    .optional(),
});

/** How long a plugin's module may take to be imported. */
const IMPORT_MS = 10_000;

/**
 * Imports a plugin and checks that it is what its descriptor says.
 * @throws {FloeError} FLOE_PLUGIN_LOAD_FAILED - cannot be resolved or imported, or takes longer than 10 s
 * @throws {FloeError} FLOE_PLUGIN_DESCRIPTOR_MISMATCH - exports other ids than declared
 */
export async function loadPlugin(source: PluginSource): Promise<FloePlugin> {
  const descriptor = parseDescriptor(source);
  const exported = await importDefault(source);
  const parsed = Plugin.safeParse(exported, PARSE_ONCE);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw failed(
      source,
      `its default export is not a floe plugin (${issue?.path.join(".") || "default"}: ${issue?.message})`,
    );
  }
  const plugin = exported as FloePlugin;
  compareIds(source, descriptor, plugin);
  return plugin;
}

async function importDefault(source: PluginSource): Promise<unknown> {
  let entry: string;
  try {
    // Resolved from the plugin's own folder, not from core's: that is where its package.json's exports apply.
    entry = createRequire(join(source.root, "package.json")).resolve(source.name);
  } catch {
    entry = await entryOf(source);
  }
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(failed(source, `importing it took longer than ${IMPORT_MS / 1000} s`)),
    IMPORT_MS,
  );
  try {
    const module = (await Promise.race([import(pathToFileURL(entry).href), late])) as {
      default?: unknown;
    };
    return module.default;
  } catch (cause) {
    if (cause instanceof FloeError) throw cause;
    throw failed(source, cause instanceof Error ? cause.message : String(cause), cause);
  } finally {
    clearTimeout(timer);
  }
}

// A package resolves itself by name only when it has an exports map; without one its main file is next to it.
async function entryOf(source: PluginSource): Promise<string> {
  try {
    return createRequire(join(source.root, "package.json")).resolve(source.root);
  } catch (cause) {
    throw failed(
      source,
      'its entry cannot be resolved; its package.json needs exports with "default"',
      cause,
    );
  }
}

function compareIds(source: PluginSource, descriptor: PluginDescriptor, plugin: FloePlugin): void {
  const pairs = [
    ["gates", descriptor.gates, (plugin.gates ?? []).map((gate) => gate.id)],
    [
      "auditBackends",
      descriptor.auditBackends,
      (plugin.auditBackends ?? []).map((backend) => backend.id),
    ],
  ] as const;
  for (const [what, declared, exported] of pairs) {
    if ([...declared].sort().join() === [...exported].sort().join()) continue;
    throw new FloeError({
      code: "FLOE_PLUGIN_DESCRIPTOR_MISMATCH",
      message: `plugin ${source.name} declares ${what} [${declared.join(", ")}] in its package.json and exports [${exported.join(", ")}]`,
      hint: "The plugin's author has to make the two equal; until then it is not used.",
      details: { plugin: source.name, declared: [...declared], exported },
    });
  }
}

function failed(source: PluginSource, why: string, cause?: unknown): FloeError {
  return new FloeError({
    code: "FLOE_PLUGIN_LOAD_FAILED",
    message: `plugin ${source.name} ${source.version} (${source.origin}) could not be loaded: ${why}`,
    hint: "Reinstall it (floe plugins install …), or take its gates out of the manifest.",
    details: { plugin: source.name },
    ...(cause === undefined ? {} : { cause }),
  });
}
