import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { FloeError } from "@floe/core/errors";

/** What is kept of npm's messages. Characters. */
const MAX_MESSAGES = 16_384;

/** How npm is run. */
export interface NpmOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/**
 * Runs the npm that comes with floe, so that the user's configuration (registries, tokens, proxies) holds.
 * @throws {FloeError} FLOE_PLUGIN_NOT_FOUND - the registry does not know the package or version
 * @throws {FloeError} FLOE_PLUGIN_INSTALL_FAILED - anything else
 */
export async function runNpm(args: readonly string[], options: NpmOptions): Promise<void> {
  options.signal.throwIfAborted();
  const package_ = createRequire(import.meta.url).resolve("npm/package.json");
  const child = spawn(
    process.execPath,
    [join(dirname(package_), "bin/npm-cli.js"), ...args],
    // In a process group of its own: what npm has started ends with it.
    { cwd: options.cwd, env: options.env, stdio: ["ignore", "ignore", "pipe"], detached: true },
  );
  let messages = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    messages = (messages + text).slice(-MAX_MESSAGES);
  });
  const stop = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  };
  options.signal.addEventListener("abort", stop, { once: true });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  }).finally(() => options.signal.removeEventListener("abort", stop));
  options.signal.throwIfAborted();
  if (code !== 0) throw npmError(messages, code);
}

function npmError(messages: string, status: number | null): FloeError {
  const lines = messages
    .split("\n")
    .map((line) => line.replace(/^npm (?:error|ERR!) ?/, "").trim())
    .filter((line) => line !== "" && !/complete log|^npm warn|^\/.*\.log$/i.test(line));
  const code = lines.map((line) => /^code (\w+)$/.exec(line)?.[1]).find(Boolean) ?? null;
  const words = withoutCredentials(
    lines
      .filter((line) => !/^(?:code|errno|syscall|path) |^404 (?:Note that|tarball, )/.test(line))
      // It repeats the status before each line.
      .map((line) => line.replace(/^404(?! Not Found)/, "").trim())
      .join(" "),
  );
  const missing = code === "E404" || code === "ETARGET";
  return new FloeError({
    code: missing ? "FLOE_PLUGIN_NOT_FOUND" : "FLOE_PLUGIN_INSTALL_FAILED",
    message: missing
      ? `the package registry has no such package or version: ${words.slice(0, 500)}`
      : `npm could not install the plugin: ${words.slice(0, 1000) || `it ended with ${status}`}`,
    hint: missing
      ? "Check the name, the version and the registry that npm is configured with (.npmrc)."
      : "Nothing was changed. Correct what npm names, and install it again.",
    details: { npm_code: code },
  });
}

// npm takes them out of addresses itself; this is for what a registry answers.
function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^/\s@]+@/g, "//***@");
}
