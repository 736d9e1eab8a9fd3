import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import type { Host, RunIdentity } from "@floe/core/ports";

/**
 * Describes this machine and process from `/proc`. Where there is none (not Linux), every other run is `unknown`, so
 * that its lease decides.
 */
export function createHost(pid: number): Host {
  const bootId = readProc("/proc/sys/kernel/random/boot_id") ?? "";
  const pidNamespace = readNamespace();
  const identity: RunIdentity = {
    bootId,
    pidNamespace,
    pid,
    processStart: processStart(pid) ?? "",
  };
  return {
    self: () => identity,
    stateOf(run) {
      const comparable = bootId !== "" && pidNamespace !== "" && run.pidNamespace === pidNamespace;
      if (!comparable || run.bootId !== bootId) return "unknown";
      const start = processStart(run.pid);
      // The pid is free, belongs to a younger process, or to a zombie that only waits to be collected.
      return start === null || start !== run.processStart ? "dead" : "alive";
    },
    randomBytes: (count) => randomBytes(count),
  };
}

// Field 22 of /proc/PID/stat, counted after the command name, which may itself contain spaces and brackets (proc(5)).
function processStart(pid: number): string | null {
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const state = fields[0];
  return state === "Z" || state === "X" ? null : (fields[19] ?? null);
}

function readProc(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}

function readNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}
