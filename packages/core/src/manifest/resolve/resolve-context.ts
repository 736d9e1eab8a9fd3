import type { IssuePath } from "../issue-list.ts";

/** What every step of resolving a manifest needs. */
export interface ResolveContext {
  readonly signal: AbortSignal;
  /** The variables that `${VAR}` and `env:` may name. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute folder of the manifest. */
  readonly dir: string;
  /** Reports an error at a path; `side` chooses between the key and its value (the default). */
  report(
    path: IssuePath,
    message: string,
    extra?: { readonly suggestion?: string | null; readonly side?: "key" | "value" },
  ): void;
  /** Says whether something is written at a path, also when it was wrong and is not in the parsed value. */
  has(path: IssuePath): boolean;
  /** The keys of the map at a path in the order in which they are written; empty when there is none. */
  keysAt(path: IssuePath): readonly string[];
  /** Absolute folder of the file that wrote the value at a path: what relative paths in it are relative to. */
  dirOf(path: IssuePath): string;
}

/** The parts of `artifacts` that most steps speak of. */
export const PATHS = {
  registry: ["artifacts", "registry"],
  verification: ["artifacts", "verification"],
  promotion: ["artifacts", "promotion"],
  environments: ["artifacts", "promotion", "environments"],
  gateCommands: ["artifacts", "promotion", "gate_commands"],
  policies: ["artifacts", "promotion", "policies"],
  audit: ["artifacts", "promotion", "audit"],
} as const satisfies Readonly<Record<string, IssuePath>>;
