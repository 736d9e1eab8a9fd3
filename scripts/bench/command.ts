import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { peer } from "@floe/testing";

/** A program with its arguments, started without a shell. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The built command line, as a user starts it. */
const FLOE = fileURLToPath(new URL("../../apps/cli/bin/run.js", import.meta.url));

/**
 * Runs a command to its end and gives its standard output. Nothing of the user's environment but PATH is handed on,
 * and the home folder is `cwd`, so that no configuration decides a measurement.
 * @throws {Error} it could not be started or ended with another exit code than 0
 */
export function runCommand({ program, args, cwd, env }: Command): string {
  const { error, status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    env: { PATH: process.env["PATH"], LANG: "C.UTF-8", HOME: cwd, ...env },
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error) throw error;
  if (status === 0) return stdout;
  throw new Error(`${program} ${args.join(" ")} ended with ${status}\n${stderr}${stdout}`);
}

/**
 * The same without blocking this process, for peers of a registry that is in it; the output is dropped.
 * @throws {Error} it could not be started or ended with another exit code than 0
 */
export async function startCommand({ program, args, cwd, env }: Command): Promise<void> {
  const child = spawn(program, args, {
    cwd,
    env: { PATH: process.env["PATH"], LANG: "C.UTF-8", HOME: cwd, ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}`);
}

/** floe with arguments. */
export function floe(cwd: string, ...args: string[]): Command {
  return { program: process.execPath, args: [FLOE, ...args], cwd };
}

/** A script that ends at its first failure; `crane` and the other peers are found by name. */
export function peerScript(lines: readonly string[], where: Pick<Command, "cwd" | "env">): Command {
  const names = ["crane", "cosign", "oras"] as const;
  const functions = names.map((name) => `${name}() { '${peer(name)}' "$@"; }`);
  return {
    program: "/bin/sh",
    args: ["-c", ["set -e", ...functions, ...lines].join("\n")],
    ...where,
  };
}
