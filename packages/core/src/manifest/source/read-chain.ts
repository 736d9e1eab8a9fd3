import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { FloeError } from "../../errors/index.ts";
import { canonicalJson, type Digest, digestOf } from "../../model/index.ts";
import { type IssueList, quote } from "../issue-list.ts";
import { readSource, type Source, showPath, type Unreadable } from "./read-source.ts";
import { mergeTrees, nodeAt, type SourceFile, type SourceNode, withoutKey } from "./source-tree.ts";

/** A longer chain of `extends` is a mistake. */
const MAX_CHAIN = 16;

/** A manifest file and those that it extends, laid over each other. */
export interface SourceChain {
  /** The manifest itself. */
  readonly file: SourceFile;
  /** `null` when a file of the chain has errors of form; they are in the issue list by then. */
  readonly root: SourceNode | null;
  readonly digest: Digest;
}

interface ChainOptions {
  readonly signal: AbortSignal;
  readonly cwd: string | undefined;
  readonly issues: IssueList;
}

/**
 * Reads a manifest and follows `extends`.
 * @throws {FloeError} FLOE_MANIFEST_NOT_FOUND - no file at the path
 * @throws {FloeError} FLOE_MANIFEST_INVALID - the file cannot be read as text
 */
export async function readChain(path: string, options: ChainOptions): Promise<SourceChain> {
  const first = await readSource(path, options);
  if ("problem" in first) throw unreadable(path, first, options);
  const sources: Source[] = [first];
  const seen = new Set([await realpathOf(path)]);
  for (;;) {
    const next = await followExtends(sources, seen, options);
    if (next === null) break;
    sources.push(next);
  }
  let root: SourceNode | null = null;
  for (const source of sources.toReversed()) {
    if (source.root === null) return { file: first.file, root: null, digest: digestOfAll(sources) };
    const own = withoutKey(source.root, "extends");
    root = root === null ? own : mergeTrees(root, own);
  }
  return { file: first.file, root, digest: digestOfAll(sources) };
}

/** Reads the file that the last one extends; `null` at the end of the chain. */
async function followExtends(
  sources: readonly Source[],
  seen: Set<string>,
  options: ChainOptions,
): Promise<Source | null> {
  const last = sources.at(-1);
  const node = last?.root ? nodeAt(last.root, ["extends"]) : undefined;
  if (!last || !node) return null;
  const refuse = (problem: string): null => {
    options.issues.add(node.at, ["extends"], problem);
    return null;
  };
  const written = node.kind === "scalar" ? node.value : null;
  if (typeof written !== "string" || written === "") return refuse("expected the path of a file");
  if (/^[A-Za-z][A-Za-z0-9+.-]+:/.test(written))
    return refuse("must be the path of a file; manifests are not fetched from elsewhere");
  const path = resolve(last.file.dir, written);
  const real = await realpathOf(path);
  if (seen.has(real)) {
    const trail = [...sources.map((source) => source.file.shownPath), showPath(path, options.cwd)];
    return refuse(`the files extend each other: ${trail.join(" → ")}`);
  }
  if (sources.length >= MAX_CHAIN) return refuse(`more than ${MAX_CHAIN} files extend each other`);
  seen.add(real);
  const source = await readSource(path, options);
  return "problem" in source ? refuse(`${quote(written)} ${source.problem}`) : source;
}

async function realpathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    // Reading it will say what is wrong with it.
    return path;
  }
}

function digestOfAll(sources: readonly Source[]): Digest {
  const digests = sources.map((source) => source.digest);
  return digests.length === 1 && digests[0] ? digests[0] : digestOf(canonicalJson(digests));
}

function unreadable(path: string, reason: Unreadable, options: ChainOptions): FloeError {
  const shown = showPath(path, options.cwd);
  if (reason.missing)
    return new FloeError({
      code: "FLOE_MANIFEST_NOT_FOUND",
      message: `There is no manifest at ${shown}`,
      hint: "`floe init` writes one; -m names another.",
      cause: reason.cause,
    });
  const issue = { file: shown, line: 1, column: 1, path: "", message: reason.problem };
  return new FloeError({
    code: "FLOE_MANIFEST_INVALID",
    message: `${shown} ${reason.problem}`,
    hint: "A manifest is a YAML file in UTF-8, at most 1 MiB.",
    details: { issues: [{ ...issue, suggestion: null }] },
    cause: reason.cause,
  });
}
