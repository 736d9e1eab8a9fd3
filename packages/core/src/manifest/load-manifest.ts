import { dirname, resolve } from "node:path";
import type { StandardSchema } from "../contract/index.ts";
import { checkShape } from "./check-shape.ts";
import { IssueList, type IssuePath } from "./issue-list.ts";
import type { Manifest } from "./manifest.ts";
import { type GateKinds, KNOWN_GATES, kindsUsed } from "./resolve/gate-kinds.ts";
import type { ResolveContext } from "./resolve/resolve-context.ts";
import { resolveManifest } from "./resolve/resolve-manifest.ts";
import { ManifestDocument } from "./schema/manifest-document.ts";
import { readChain } from "./source/read-chain.ts";
import { showPath } from "./source/read-source.ts";
import { locate, nodeAt, type SourceNode } from "./source/source-tree.ts";

/** What {@link LoadManifestOptions.gateSchemas} is told of the manifest whose gates it is asked for. */
export interface GateSchemaContext {
  readonly signal: AbortSignal;
  /** Absolute folder of the manifest. */
  readonly manifestDir: string;
  /** `plugins` of the manifest. */
  readonly plugins: Manifest["plugins"];
}

/** How {@link loadManifest} reads a manifest. */
export interface LoadManifestOptions {
  readonly signal: AbortSignal;
  /** The variables that `${VAR}` and `env:` may name. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * Gives the schema of the settings of a kind of gate, or `null` when no plugin provides that kind. Asked once for
   * every kind that an environment uses, so that only those plugins need to be loaded. Without it, settings are not
   * checked.
   */
  readonly gateSchemas?: (
    kind: string,
    context: GateSchemaContext,
  ) => Promise<StandardSchema<unknown, unknown> | null>;
  /** Checks `policies`; without it only the names of its keys are checked. */
  readonly policiesSchema?: StandardSchema<unknown, unknown>;
  /** Value of `--registry`; takes the place of `artifacts.registry.uri`. */
  readonly registryOverride?: string;
  /** Gates that installed plugins provide, for near names. */
  readonly knownGates?: readonly string[];
  /**
   * The working folder: files in it are shown relative to it, and so is a relative `registryOverride`. Without it,
   * messages show absolute paths.
   */
  readonly cwd?: string;
}

/** Lets the rest be checked when one of these is missing or wrong, which is an issue by then. */
const FALLBACK = {
  apiVersion: "floe.dev/v1",
  kind: "Manifest",
  metadata: { name: "unnamed" },
  artifacts: {},
};

/**
 * Loads a manifest: reads it and what it extends, checks all of it, reads the public keys, and folds in every default.
 * @throws {FloeError} FLOE_MANIFEST_NOT_FOUND - no file at the path
 * @throws {FloeError} FLOE_MANIFEST_INVALID - with **all** errors in the message and in `details.issues`
 * @throws {FloeError} FLOE_USAGE_INVALID - `registryOverride` is not a registry
 */
export async function loadManifest(path: string, options: LoadManifestOptions): Promise<Manifest> {
  const { signal, cwd } = options;
  const absolute = resolve(cwd ?? ".", path);
  const shown = showPath(absolute, cwd);
  const issues = new IssueList();
  const chain = await readChain(absolute, { signal, cwd, issues });
  const { root } = chain;
  if (root === null) {
    issues.throwIfAny(shown);
    throw new Error("a manifest without a tree must have an issue");
  }
  const shape = checkShape(ManifestDocument, root, FALLBACK);
  for (const { path: at, side, message, suggestion } of shape.issues)
    issues.add(locate(root, at, side), at, message, suggestion);
  const context = createContext(absolute, root, issues, options);
  const resolved = shape.value && (await resolveDocument(context, shape.value, options));
  issues.throwIfAny(shown);
  if (!resolved) throw new Error("a manifest that cannot be resolved must have an issue");
  return { path: absolute, digest: chain.digest, ...resolved };
}

async function resolveDocument(
  context: ResolveContext,
  document: ManifestDocument,
  options: LoadManifestOptions,
) {
  const kinds = await loadKinds(context, document, options);
  return resolveManifest(context, document, {
    kinds,
    policiesSchema: options.policiesSchema,
    registryOverride: options.registryOverride,
    cwd: options.cwd ?? context.dir,
  });
}

async function loadKinds(
  context: ResolveContext,
  document: ManifestDocument,
  options: LoadManifestOptions,
): Promise<GateKinds> {
  const schemas = new Map<string, StandardSchema<unknown, unknown> | null>();
  const { gateSchemas, signal } = options;
  if (gateSchemas) {
    const plugins = {
      use: document.plugins?.use ?? [],
      allow: document.plugins?.allow ?? null,
    };
    for (const kind of kindsUsed(document.artifacts.promotion?.environments))
      schemas.set(kind, await gateSchemas(kind, { signal, manifestDir: context.dir, plugins }));
  }
  const provided = [...schemas].flatMap(([kind, schema]) => (schema === null ? [] : [kind]));
  return {
    names: [...new Set([...KNOWN_GATES, ...(options.knownGates ?? []), ...provided])],
    schemaOf: (kind) => schemas.get(kind),
  };
}

function createContext(
  path: string,
  root: SourceNode,
  issues: IssueList,
  options: LoadManifestOptions,
): ResolveContext {
  return {
    signal: options.signal,
    env: options.env,
    dir: dirname(path),
    report: (at, message, extra) =>
      issues.add(locate(root, at, extra?.side), at, message, extra?.suggestion ?? null),
    has: (at: IssuePath) => nodeAt(root, at) !== undefined,
    keysAt: (at: IssuePath) => {
      const node = nodeAt(root, at);
      return node?.kind === "map" ? [...node.entries.keys()] : [];
    },
    dirOf: (at: IssuePath) => locate(root, at).file.dir,
  };
}
