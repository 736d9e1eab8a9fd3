import { pathToFileURL } from "node:url";
import { z } from "zod";
import { type FloePlugin, PLUGIN_API_VERSION } from "../contract/index.ts";
import { FloeError, isFloeError } from "../errors/index.ts";
import { PARSE_ONCE } from "../model/parse-once.ts";
import { noteBuiltIns } from "./built-ins.ts";
import { type PluginDescriptor, type PluginSource, parseDescriptor } from "./descriptor.ts";
import { loadFailure } from "./load-failure.ts";
import { pluginEntry } from "./plugin-entry.ts";

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
    .array(
      Provider.extend({
        open: z.custom(isFunction, "not a function"),
        openAnchors: z.custom(isFunction, "not a function").optional(),
      }),
    )
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
    throw loadFailure(
      source,
      `its default export is not a floe plugin (${issue?.path.join(".") || "default"}: ${issue?.message})`,
    );
  }
  const plugin = exported as FloePlugin;
  compareIds(source, descriptor, plugin);
  return plugin;
}

async function importDefault(source: PluginSource): Promise<unknown> {
  const entry = pluginEntry(source);
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(loadFailure(source, `importing it took longer than ${IMPORT_MS / 1000} s`)),
    IMPORT_MS,
  );
  const builtIns = noteBuiltIns();
  let exported: unknown;
  let thrown: FloeError | null = null;
  try {
    const module = (await Promise.race([import(pathToFileURL(entry).href), late])) as {
      default?: unknown;
    };
    exported = module.default;
  } catch (cause) {
    thrown = isFloeError(cause)
      ? cause
      : loadFailure(source, cause instanceof Error ? cause.message : String(cause), cause);
  } finally {
    clearTimeout(timer);
  }
  const changed = builtIns.restore();
  if (thrown) throw thrown;
  if (changed.length > 0)
    throw loadFailure(source, `it changes objects of the language: ${changed.join(", ")}`);
  return exported;
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
