import { freezeTimes } from "../freeze/freeze-times.ts";
import type { EnvironmentConfig, FreezeAction, FreezeWindow } from "../manifest/manifest.ts";
import { momentText } from "../model/wall-time.ts";
import { type Reason, reason } from "./reason.ts";

/** One time that a freeze window of an environment is closed. */
export interface FreezeSpell {
  readonly window: FreezeWindow;
  readonly start: Date;
  /** From then on it no longer counts. */
  readonly until: Date;
}

/** The freeze windows of an environment at some moment. */
export interface Freezes {
  /** Those that are closed. */
  readonly active: readonly FreezeSpell[];
  /** The next time of every window that closes again, soonest first. */
  readonly coming: readonly FreezeSpell[];
}

/** A window is told about when it begins within this time, or sooner than the gates have to be done. */
const FREEZE_NOTICE_MS = 24 * 3_600_000;

/** Evaluates an environment's freeze windows at a moment. */
export async function readFreezes(
  { freeze }: Pick<EnvironmentConfig, "freeze">,
  at: Date,
): Promise<Freezes> {
  const active: FreezeSpell[] = [];
  const coming: FreezeSpell[] = [];
  for (const window of freeze) {
    const { now, next } = await freezeTimes(window, at);
    if (now) active.push({ window, start: now.start, until: now.end });
    if (next) coming.push({ window, start: next.start, until: next.end });
  }
  coming.sort((a, b) => a.start.getTime() - b.start.getTime());
  return { active, coming };
}

/** Says whether a window stands in the way of something. */
function stops({ window }: Pick<FreezeSpell, "window">, action: FreezeAction): boolean {
  return !window.allow.includes(action);
}

/** The refusals of what frozen windows do not let through. */
export function freezeReasons(
  environment: string,
  action: FreezeAction,
  { active }: Pick<Freezes, "active">,
): Reason[] {
  return active
    .filter((spell) => stops(spell, action))
    .map((spell) => {
      const others = spell.window.allow.filter((allowed) => allowed !== action);
      const open = others.length > 0 ? ` It lets ${others.join(", ")} through.` : "";
      return reason(
        "FLOE_ENVIRONMENT_FROZEN",
        `${environment} is frozen until ${momentText(spell.until, spell.window.timezone)}${because(spell)}`,
        `Wait until then.${open}`,
        // Only operations can be overridden: a lock by hand is one event.
        isOperation(action) ? { override: "freeze", until: spell.until } : { until: spell.until },
      );
    });
}

/**
 * Warns of windows that are going to stand in the way.
 * @param gatesMs - how long the gates may take at most
 */
export function freezeWarnings(
  environment: string,
  action: FreezeAction,
  { coming }: Pick<Freezes, "coming">,
  now: Date,
  gatesMs: number,
): string[] {
  return coming
    .filter((spell) => stops(spell, action))
    .flatMap((spell) => {
      const { start, until, window } = spell;
      const left = start.getTime() - now.getTime();
      if (left > Math.max(FREEZE_NOTICE_MS, gatesMs)) return [];
      const late = left < gatesMs ? "; the gates may take longer than that" : "";
      return [
        `${environment} is frozen from ${momentText(start, window.timezone)}, in ${leftText(left)}${late}, until ${momentText(until, window.timezone)}${because(spell)}`,
      ];
    });
}

function isOperation(action: FreezeAction): boolean {
  return action === "promote" || action === "rollback";
}

/** Says that a window has closed since a plan was made: its gates may have taken until then. */
export async function frozenSince(
  plan: {
    readonly action: FreezeAction;
    readonly target: EnvironmentConfig;
    readonly freezes: readonly FreezeSpell[];
  },
  now: Date,
): Promise<string | null> {
  const { active } = await readFreezes(plan.target, now);
  const isKnown = ({ window, start }: FreezeSpell): boolean =>
    plan.freezes.some(
      (before) => before.window === window && before.start.getTime() === start.getTime(),
    );
  const closed = active.some((spell) => stops(spell, plan.action) && !isKnown(spell));
  return closed ? `a freeze of ${plan.target.name} has begun meanwhile` : null;
}

function because({ window }: FreezeSpell): string {
  return window.reason === null ? "" : `: ${window.reason}`;
}

function leftText(milliseconds: number): string {
  const minutes = Math.max(1, Math.floor(milliseconds / 60_000));
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}
