import { type Reason, shortDigest } from "@floe/core";
import type { DeployTarget, Pin, PinnedFile } from "@floe/core/deploy";
import { reasonJson } from "./operation-json.ts";
import { paint, plain } from "./paint.ts";
import { refusedJson } from "./refused-json.ts";

/** What a deployment came to. */
export interface DeployView {
  readonly pin: Pin;
  readonly target: DeployTarget;
  readonly check: boolean;
  readonly files: readonly PinnedFile[];
  readonly warnings: readonly string[];
  /** Files that do not say so, with `--check`. */
  readonly blocking: readonly Reason[];
}

/** The JSON output of `platform deploy`; documented in `docs/reference/json.md`. */
export function deployJson(view: DeployView): Record<string, unknown> {
  const { pin, target, check, files, warnings, blocking } = view;
  return {
    success: blocking.length === 0,
    ...(blocking.length > 0 ? { error: refusedJson(blocking)["error"] } : {}),
    blocking: blocking.map(reasonJson),
    environment: pin.environment,
    version: pin.version,
    digest: pin.digest,
    repository: pin.repository,
    artifact_kind: pin.kind,
    target,
    check,
    changed: !check && files.some(isOther),
    files: files.map((file) => ({ path: file.path, status: statusOf(file, check) })),
    warnings,
    next: nextStep(view),
  };
}

/** What deploy tells people; the last line is what to do next. */
export function deployText(view: DeployView): string {
  const { pin, check, files } = view;
  const { environment, version, digest, repository } = pin;
  const rows = files.map((file) => {
    const status = statusOf(file, check);
    const style = status === "unchanged" ? "dim" : check ? "red" : "green";
    return `  ${paint(style, status.padEnd(9))}  ${plain(file.path)}`;
  });
  return [
    `${environment} holds ${version} (${shortDigest(digest)}) of ${repository}`,
    ...rows,
    nextStep(view) ?? "Nothing to do: it says so already.",
  ].join("\n");
}

function isOther({ before, after }: PinnedFile): boolean {
  return before !== after;
}

function statusOf(file: PinnedFile, check: boolean): string {
  if (!isOther(file)) return "unchanged";
  if (file.before === null) return check ? "missing" : "created";
  return check ? "outdated" : "updated";
}

/** `null`: nothing. The trailers are there for whoever asks the history of the repository what ran when. */
function nextStep({ pin, check, files }: DeployView): string | null {
  const changed = files.filter(isOther).map(({ path }) => quoted(path));
  if (changed.length === 0) return null;
  if (check) return "Next: run the same command without --check, and commit.";
  const { environment, version, digest } = pin;
  const trailers = [`Floe-Environment: ${environment}`, `Floe-Digest: ${digest}`];
  return `Next: git add -- ${changed.join(" ")} && git commit -m ${quoted(`${environment}: ${version}`)}${trailers.map((trailer) => ` --trailer ${quoted(trailer)}`).join("")}`;
}

/** A word for a shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
