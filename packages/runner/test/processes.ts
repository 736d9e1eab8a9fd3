import { readdirSync, readFileSync } from "node:fs";

/** Live processes whose command line holds a text; zombies do not count. */
export function processesWith(text: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
      } catch {
        return "";
      }
    })
    .filter((line) => line.includes(text));
}

/** A duration for `sleep` that no other process of the machine uses. */
export function uniqueSleep(): string {
  return `${1000 + Math.floor(Math.random() * 9000)}.${Math.floor(Math.random() * 1e9)}`;
}
