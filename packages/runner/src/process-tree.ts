import { readdir, readFile } from "node:fs/promises";
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
  return {
    signalGroup: (signal) => {
      trySignal(-leader, signal);
    },
    sweep: async () => {
      if (process.platform !== "linux") return trySignal(-leader, "SIGKILL") ? 1 : 0;
      const seen = new Set<number>();
      for (let round = 0; round < SWEEP_ROUNDS; round++) {
        const members = await findMembers(leader, token);
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

/** The live processes of a command: members of the group, and those with the token in their environment. */
async function findMembers(leader: number, token: string): Promise<number[]> {
  const names = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const members = await Promise.all(names.map((name) => isMember(name, leader, token)));
  return names
    .filter((_, index) => members[index] === true)
    .map(Number)
    .filter((pid) => pid !== process.pid);
}

async function isMember(name: string, leader: number, token: string): Promise<boolean> {
  const stat = await readProc(`/proc/${name}/stat`);
  // The program's name, in parentheses, may itself hold spaces and parentheses.
  const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (state === undefined || state === "" || state === "Z" || state === "X") return false;
  if (Number(group) === leader) return true;
  const environment = await readProc(`/proc/${name}/environ`);
  return environment
    .split("\0")
    .some((entry) => entry.startsWith(`${RUN_VARIABLE}=`) && entry.includes(token));
}

/** Empty for a process that is gone or belongs to somebody else. */
async function readProc(path: string): Promise<string> {
  try {
    return await readFile(path, "latin1");
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
