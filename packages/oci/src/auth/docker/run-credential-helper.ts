import type { CallOptions } from "@floe/core/ports";
import { loginError } from "../login-error.ts";
import type { RegistryCredentials } from "../registry-credentials.ts";
import { createSingleFlight } from "../single-flight.ts";

/** A question for a credential helper. */
export interface HelperQuestion {
  /** As it stands in the configuration; anything but a plain name is refused. */
  readonly helper: unknown;
  /** The name that the helper knows the registry by. */
  readonly server: string;
  /** For messages. */
  readonly registry: string;
  /** The file that names the helper, for messages. */
  readonly configured: string;
}

/** Asks a helper for a registry's credentials; `null`: it has none. */
export type AskHelper = (
  question: HelperQuestion,
  options: CallOptions,
) => Promise<RegistryCredentials | null>;

/** What helpers run with. */
export interface HelperSettings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
}

type Ended =
  | { readonly kind: "exit"; readonly code: number | null; readonly stdout: string }
  | { readonly kind: "missing" | "too-slow" | "too-long" };

const MAX_OUTPUT_BYTES = 64 * 1024;
/** How docker's helpers say, on stdout and with exit code 1, that they have nothing. */
const NOT_FOUND = /^\s*credentials not found\b/i;
const TOKEN_USER = "<token>";

/** Makes the one who asks helpers, each for each registry once in the life of the process. */
export function createAskHelper(settings: HelperSettings): AskHelper {
  const answers = new Map<string, RegistryCredentials | null>();
  const flight = createSingleFlight<RegistryCredentials | null>();
  return async (question, { signal }) => {
    const key = JSON.stringify([question.helper, question.server]);
    const known = answers.get(key);
    if (known !== undefined) return known;
    return await flight(key, signal, async () => {
      const given = await runCredentialHelper(question, settings, { signal });
      answers.set(key, given);
      return given;
    });
  };
}

/**
 * Runs `docker-credential-NAME get` (docker's credential helper protocol): without a shell, with the server on stdin,
 * at most `timeoutMs` and 64 KiB. What it prints is never shown.
 * @throws {FloeError} FLOE_REGISTRY_LOGIN_FAILED - it cannot be run, fails, or answers something else
 */
export async function runCredentialHelper(
  question: HelperQuestion,
  settings: HelperSettings,
  { signal }: CallOptions,
): Promise<RegistryCredentials | null> {
  const { helper, server, registry, configured } = question;
  const fail = (problem: string, hint = `To see why, run: echo ${server} | ${program} get`) =>
    loginError({ registry, source, problem, hint });
  const program = `docker-credential-${typeof helper === "string" ? helper : "?"}`;
  const source = `${program} (${configured})`;
  if (typeof helper !== "string" || !/^[A-Za-z0-9_.-]{1,100}$/.test(helper)) {
    throw loginError({
      registry,
      source: configured,
      problem: `${JSON.stringify(helper).slice(0, 100)} is not the name of a credential helper`,
      hint: "A helper is named without docker-credential- and without a path.",
    });
  }
  const ended = await run(program, server, settings, signal);
  switch (ended.kind) {
    case "missing":
      throw fail(
        "there is no such program in PATH, or it cannot be run",
        `Install ${program}, or take the helper out of ${configured}.`,
      );
    case "too-slow":
      throw fail(`it did not end within ${settings.timeoutMs / 1000} seconds`);
    case "too-long":
      throw fail(`it printed more than ${MAX_OUTPUT_BYTES} bytes`);
    case "exit":
  }
  if (ended.code !== 0) {
    if (NOT_FOUND.test(ended.stdout)) return null;
    throw fail(`it ended with ${ended.code === null ? "a signal" : `exit code ${ended.code}`}`);
  }
  const answer = readAnswer(ended.stdout);
  if (answer === null) throw fail("it printed something else than Username and Secret");
  const { username, secret } = answer;
  if (secret === "") return null;
  return username === TOKEN_USER
    ? { identityToken: secret, source }
    : { username, password: secret, source };
}

function readAnswer(stdout: string): { username: string; secret: string } | null {
  try {
    const json: unknown = JSON.parse(stdout);
    const fields = (typeof json === "object" && json !== null ? json : {}) as {
      Username?: unknown;
      Secret?: unknown;
    };
    const { Username: username = "", Secret: secret = "" } = fields;
    return typeof username === "string" && typeof secret === "string" ? { username, secret } : null;
  } catch {
    // The parser's message would quote the output.
    return null;
  }
}

function run(
  program: string,
  input: string,
  { env, timeoutMs }: HelperSettings,
  signal: AbortSignal,
): Promise<Ended> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Ended>();
  // A group of its own, so that what the helper starts ends with it. What it says on stderr may hold secrets.
  const child = process.getBuiltinModule("node:child_process").spawn(program, ["get"], {
    env: Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("FLOE_"))),
    stdio: ["pipe", "pipe", "ignore"],
    shell: false,
    detached: true,
  });
  const chunks: Buffer[] = [];
  let size = 0;
  const kill = () => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
    child.stdout.destroy();
  };
  const stopWith = (end: () => void) => {
    end();
    kill();
  };
  const timer = setTimeout(() => stopWith(() => resolve({ kind: "too-slow" })), timeoutMs);
  const abort = () => stopWith(() => reject(signal.reason));
  signal.addEventListener("abort", abort, { once: true });
  child.stdout.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_OUTPUT_BYTES) stopWith(() => resolve({ kind: "too-long" }));
    else chunks.push(chunk);
  });
  child.once("error", () => resolve({ kind: "missing" }));
  child.once("close", (code) => {
    resolve({ kind: "exit", code, stdout: Buffer.concat(chunks).toString("utf8") });
  });
  // A helper may end without reading its question.
  child.stdin.on("error", () => {});
  child.stdin.end(`${input}\n`);
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  });
}
