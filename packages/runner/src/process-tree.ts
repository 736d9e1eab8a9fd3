import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { RUN_VARIABLE } from "./clean-environment.ts";

/** Rounds of looking and killing; a process that forks while it dies needs more than one. */
const SWEEP_ROUNDS = 50;
const SWEEP_PAUSE_MS = 10;

/** The processes of one command: its process group, and those that left the group but carry its token. */
export interface ProcessTree {
  /** Sends a signal to the process group. Processes that are gone or may not be signalled are no error. */
  signalGroup(signal: "SIGTERM" | "SIGKILL"): void;
  /** Sends SIGKILL to everything that is left, until nothing is, and returns how many processes that were. */
  sweep(): Promise<number>;
}

/**
 * Names the processes of a command by the leader of its group and by the token in its environment.
 *
 * Processes that leave the group (`setsid`) are found only on Linux, by reading `/proc`; one that also empties its
 * environment is not found.
 */
export function createProcessTree(leader: number, token: string): ProcessTree {
  // Made right after the leader was started, so that it is there to be read, be it as a zombie.
  const since = process.platform === "linux" ? (readState(leader)?.startedAt ?? 0) : 0;
  return {
    signalGroup: (signal) => {
      trySignal(-leader, signal);
    },
    sweep: async () => {
      if (process.platform !== "linux") return trySignal(-leader, "SIGKILL") ? 1 : 0;
      const seen = new Set<number>();
      for (let round = 0; round < SWEEP_ROUNDS; round++) {
        const members = findMembers(leader, token, since);
        if (members.length === 0) break;
        for (const pid of members) {
          seen.add(pid);
          trySignal(pid, "SIGKILL");
        }
        await sleep(SWEEP_PAUSE_MS);
      }
      return seen.size;
    },
  };
}

/**
 * The live processes of a command: members of the group, and those with the token in their environment. This runs after
 * every gate: so what is older than the command is passed over, and nothing goes through the thread pool, where a read
 * of `/proc` costs many times the read itself.
 */
function findMembers(leader: number, token: string, since: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && isMember(pid, leader, token, since));
}

function isMember(pid: number, leader: number, token: string, since: number): boolean {
  const found = readState(pid);
  if (found === null || found.state === "Z" || found.state === "X") return false;
  if (found.group === leader) return true;
  if (found.startedAt < since) return false;
  return readProc(`/proc/${pid}/environ`)
    .split("\0")
    .some((entry) => entry.startsWith(`${RUN_VARIABLE}=`) && entry.includes(token));
}

/** `null` for a process that is gone. `startedAt` is in clock ticks since the system was started. */
function readState(
  pid: number,
): { readonly state: string; readonly group: number; readonly startedAt: number } | null {
  const stat = readProc(`/proc/${pid}/stat`);
  // The program's name, in parentheses, may itself hold spaces and parentheses; `state` is field 3 of proc(5).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, , group] = fields;
  if (state === undefined || state === "") return null;
  return { state, group: Number(group), startedAt: Number(fields[22 - 3]) };
}

/** Empty for a process that is gone or belongs to somebody else. */
function readProc(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function trySignal(target: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch {
    // ESRCH: already gone. EPERM: it became another user's; nothing that floe could do.
    return false;
  }
}
