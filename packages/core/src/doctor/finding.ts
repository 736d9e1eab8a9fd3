import type { FloeError, FloeErrorCode } from "../errors/index.ts";

/** What doctor looks at. */
export type DoctorArea =
  | "program"
  | "manifest"
  | "registry"
  | "ledger"
  | "signing"
  | "plugins"
  | "clock";

/** One thing that was looked at. `not_checked` is never `ok`. */
export interface DoctorFinding {
  readonly area: DoctorArea;
  /** Stable, lower case, as in `tags_move`. */
  readonly check: string;
  /** What it is about, as a repository or an environment; empty: nothing in particular. */
  readonly about: string;
  readonly status: "ok" | "warn" | "fail" | "not_checked";
  /** What was seen, in one sentence. */
  readonly seen: string;
  /** What to do; `null` with `ok`. */
  readonly fix: string | null;
  /** Only with `fail`: it decides the exit code. */
  readonly code: FloeErrorCode | null;
}

/** Makes findings of one area about one thing. */
export interface Findings {
  ok(check: string, seen: string): DoctorFinding;
  warn(check: string, seen: string, fix: string): DoctorFinding;
  fail(check: string, code: FloeErrorCode, seen: string, fix: string): DoctorFinding;
  notChecked(check: string, seen: string, fix: string): DoctorFinding;
  /** A failure that was thrown. */
  failed(check: string, error: FloeError): DoctorFinding;
}

/** Makes findings of an area. */
export function findingsOf(area: DoctorArea, about = ""): Findings {
  const base = { area, about } as const;
  const fail: Findings["fail"] = (check, code, seen, fix) => ({
    ...base,
    ...{ check, status: "fail", seen, fix, code },
  });
  return {
    ok: (check, seen) => ({ ...base, check, status: "ok", seen, fix: null, code: null }),
    warn: (check, seen, fix) => ({ ...base, check, status: "warn", seen, fix, code: null }),
    fail,
    notChecked: (check, seen, fix) => ({
      ...base,
      ...{ check, status: "not_checked", seen, fix, code: null },
    }),
    failed: (check, { code, message, hint }) =>
      fail(check, code, message, hint ?? "Run it again with --verbose."),
  };
}
