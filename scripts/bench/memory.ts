import { mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startDockerRegistry } from "@floe/testing";
import { floe, runCommand } from "./command.ts";

const MIB = 1024 * 1024;
/** What a push or pull may hold in memory at most, whatever its size. */
const MOST_MIB = 150;

/** Pushes and pulls one large file and says how much memory the process had at most. */
export async function measureMemory(
  cwd: string,
  options: { readonly bytes: number; readonly signal: AbortSignal },
): Promise<string> {
  await using registry = await startDockerRegistry({ signal: options.signal });
  const reference = `oci://${registry.host}/bench/large:v1.0.0`;
  const source = join(cwd, "large.bin");
  writeFileSync(source, "");
  // Zeros without blocks on the disk: it is the length that counts here.
  truncateSync(source, options.bytes);
  const peak = join(cwd, "peak");
  // The kernel's peak of resourceUsage() begins with what the process had that started it.
  const hook = `const fs = process.getBuiltinModule("node:fs"); process.on("exit", () => fs.writeFileSync(${JSON.stringify(peak)}, fs.readFileSync("/proc/self/status")));`;
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` };
  const run = (...args: string[]): number => {
    runCommand({ ...floe(cwd, ...args), env });
    const [, held] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(peak, "utf8")) ?? [];
    if (held === undefined) throw new Error("the process did not say how much memory it had");
    return Math.ceil(Number(held) / 1024);
  };
  const push = run("artifact", "push", reference, source);
  mkdirSync(join(cwd, "pulled"));
  const pull = run("artifact", "pull", reference, "-d", "pulled");
  const judge = (mib: number): string => (mib <= MOST_MIB ? "met" : "NOT met");
  return [
    `Memory of one file of ${options.bytes / MIB} MiB, at most`,
    `  floe artifact push  ${push} MiB  budget ${MOST_MIB} MiB, ${judge(push)}`,
    `  floe artifact pull  ${pull} MiB  budget ${MOST_MIB} MiB, ${judge(pull)}`,
  ].join("\n");
}
