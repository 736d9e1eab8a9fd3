import { resolve } from "node:path";
import { FloeError } from "../errors/index.ts";
import { checkShape } from "../manifest/check-shape.ts";
import { didYouMean } from "../manifest/did-you-mean.ts";
import { type IssueKind, IssueList, type IssuePath, quote } from "../manifest/issue-list.ts";
import { readSource, showPath } from "../manifest/source/read-source.ts";
import { locate, nodeAt, type SourceNode } from "../manifest/source/source-tree.ts";
import type { Digest } from "../model/digest.ts";
import { createConfigChecker } from "./check-config.ts";
import { orderComponents } from "./order-components.ts";
import { type Component, Spec } from "./spec.ts";

/** A spec, checked, with its components behind what they depend on. */
export interface LoadedSpec {
  /** Absolute. */
  readonly path: string;
  /** SHA-256 over the file's bytes. */
  readonly digest: Digest;
  readonly metadata: Spec["metadata"];
  readonly components: readonly Component[];
}

/** Name of the spec when nobody says another. */
const DEFAULT_SPEC = "floe.yaml";

/** Lets the rest be checked when one of these is missing or wrong, which is an issue by then. */
const FALLBACK = {
  apiVersion: "floe.dev/v1",
  kind: "Spec",
  metadata: { name: "unnamed" },
  components: [],
};

const SPEC_ISSUES: IssueKind = {
  code: "FLOE_SPEC_INVALID",
  hint: "Each line says where (file:line:column) and what.",
};

/**
 * Loads a spec: reads it, checks all of it, holds every configuration against its schema, and orders the components.
 * @throws {FloeError} FLOE_SPEC_NOT_FOUND - no file at the path
 * @throws {FloeError} FLOE_SPEC_INVALID - with **all** errors in the message and in `details.issues`
 */
export async function loadSpec(
  path: string,
  options: { readonly signal: AbortSignal; readonly cwd?: string },
): Promise<LoadedSpec> {
  const { signal, cwd } = options;
  const absolute = resolve(cwd ?? ".", path);
  const shown = showPath(absolute, cwd);
  const issues = new IssueList();
  const source = await readSource(absolute, { signal, cwd, issues });
  if ("problem" in source) throw unreadable(shown, source.problem, source.missing, source.cause);
  issues.throwIfAny(shown, SPEC_ISSUES);
  const { root, digest } = source;
  if (root === null) throw new Error("a spec without a tree must have an issue");
  const shape = checkShape(Spec, root, FALLBACK);
  for (const { path: at, side, message, suggestion } of shape.issues)
    issues.add(locate(root, at, side), at, message, suggestion);
  const spec = shape.value;
  const names = checkNames(root, issues);
  const ordered = spec ? await checkComponents(spec.components, names, root, issues) : null;
  issues.throwIfAny(shown, SPEC_ISSUES);
  if (!spec || !ordered) throw new Error("a spec that cannot be read must have an issue");
  return { path: absolute, digest, metadata: spec.metadata, components: ordered };
}

// Read from the tree, so that names and dependencies are checked also where something else about a component is wrong.
function checkNames(root: SourceNode, issues: IssueList): ReadonlyMap<string, number> {
  const list = nodeAt(root, ["components"]);
  const components = list?.kind === "list" ? list.items : [];
  const report = (at: IssuePath, message: string, suggestion: string | null = null): void =>
    issues.add(locate(root, at), at, message, suggestion);
  const places = new Map<string, number>();
  for (const index of components.keys()) {
    const name = textAt(root, ["components", index, "name"]);
    const first = name === null ? undefined : places.get(name);
    if (name !== null && first === undefined) places.set(name, index);
    else if (name !== null)
      report(
        ["components", index, "name"],
        `a second component is named ${quote(name)}; the first is components[${first}]`,
      );
  }
  const names = [...places.keys()];
  for (const index of components.keys()) {
    const needs = nodeAt(root, ["components", index, "depends_on"]);
    for (const place of needs?.kind === "list" ? needs.items.keys() : []) {
      const at = ["components", index, "depends_on", place];
      const needed = textAt(root, at);
      if (needed === null) continue;
      if (needed === textAt(root, ["components", index, "name"]))
        report(at, `${quote(needed)} depends on itself`);
      else if (!places.has(needed))
        report(at, `no component is named ${quote(needed)}`, didYouMean(needed, names));
    }
  }
  return places;
}

function textAt(root: SourceNode, path: IssuePath): string | null {
  const node = nodeAt(root, path);
  return node?.kind === "scalar" && typeof node.value === "string" ? node.value : null;
}

async function checkComponents(
  components: readonly Component[],
  places: ReadonlyMap<string, number>,
  root: SourceNode,
  issues: IssueList,
): Promise<readonly Component[] | null> {
  const report = (at: IssuePath, message: string): void =>
    issues.add(locate(root, at), at, message);
  const check = createConfigChecker();
  for (const [index, component] of components.entries()) {
    for (const { path, message, inSchema } of await check(component))
      report(["components", index, inSchema ? "schema" : "config", ...path], message);
  }
  if (!issues.empty) return null;
  const order = orderComponents(components);
  if (order.ok) return order.ordered;
  const [first = ""] = order.cycle;
  const cycle = order.cycle.map(quote).join(" → ");
  report(
    ["components", places.get(first) ?? 0, "depends_on"],
    `the components need each other: ${cycle}`,
  );
  return null;
}

function unreadable(shown: string, problem: string, missing: boolean, cause: unknown): FloeError {
  return new FloeError({
    code: missing ? "FLOE_SPEC_NOT_FOUND" : "FLOE_SPEC_INVALID",
    message: `the spec ${shown} ${problem}`,
    hint: `Give its path with --spec, or write a ${DEFAULT_SPEC}; floe init writes one.`,
    cause,
  });
}
