import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { FloeError } from "@floe/core/errors";
import type { CallOptions } from "@floe/core/ports";
import { isRecord, own, show } from "../encoding/json-object.ts";

/** Where plugins are found and how long they may take. */
export interface PluginOptions extends CallOptions {
  /** The plugin's whole environment: it finds its credentials there, and `PATH` is where it is looked for. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Time limit of one call, in milliseconds. Default 30 000: a person may have to touch a token. */
  readonly timeoutMs?: number;
}

/** One call of a plugin (sigstore `pkg/signature/kms/cliplugin`, protocol v1). */
export interface PluginCall {
  /** `NAME` of `NAME://id`. */
  readonly name: string;
  readonly keyId: string;
  readonly method: "publicKey" | "signMessage";
  readonly options: Readonly<Record<string, unknown>>;
  /** Bytes for its standard input. */
  readonly message?: Uint8Array;
}

const PROTOCOL = "v1";
/** `crypto.SHA256` of Go. */
const SHA256 = 5;
const MAX_OUTPUT_BYTES = 64 * 1024;
/** The options of every method, as cosign sends them. */
export const rpcOptions = { keyVersion: "", remoteVerification: false };

/**
 * Runs `sigstore-kms-NAME` once, without a shell, and gives its answer to the method. The exit status means nothing in
 * this protocol.
 * @throws {FloeError} FLOE_KMS_PLUGIN_FAILED - no such plugin on PATH, an error that it reports, no answer in time, or one
 * that is not of the protocol
 */
export async function runPlugin(call: PluginCall, options: PluginOptions): Promise<unknown> {
  const { name, keyId, method } = call;
  const program = await findPlugin(name, options.env["PATH"] ?? "");
  const question = {
    initOptions: {
      protocolVersion: PROTOCOL,
      keyResourceID: keyId,
      hashFunc: SHA256,
      rpcOptions,
    },
    methodName: method,
    [method]: call.options,
  };
  const output = await answerOf(program, JSON.stringify(question), call, options);
  let answer: unknown;
  try {
    answer = JSON.parse(output);
  } catch {
    throw failed(name, "answered with something else than JSON");
  }
  const message = own(answer, "errorMessage");
  if (typeof message === "string" && message !== "")
    throw failed(name, `says: ${show(message, 300)}`);
  const result = own(answer, method);
  if (!isRecord(result)) throw failed(name, `gave no answer to ${method}`);
  return result;
}

/** Looks in the absolute folders of PATH only: what lies in the working folder is somebody else's. */
async function findPlugin(name: string, path: string): Promise<string> {
  const file = `sigstore-kms-${name}`;
  for (const folder of path.split(":").filter((entry) => isAbsolute(entry))) {
    const candidate = join(folder, file);
    try {
      await access(candidate, constants.X_OK);
      if ((await stat(candidate)).isFile()) return candidate;
    } catch {
      // Not there, or not to be run: the next folder.
    }
  }
  throw new FloeError({
    code: "FLOE_KMS_PLUGIN_FAILED",
    message: `no program ${file} is on PATH, which would hold the key ${name}://…`,
    hint: "Install the KMS's sigstore plugin into a folder of PATH (the working folder does not count), or name a key file.",
  });
}

async function answerOf(
  program: string,
  question: string,
  { name, message }: PluginCall,
  { env, signal, timeoutMs = 30_000 }: PluginOptions,
): Promise<string> {
  signal.throwIfAborted();
  const child = spawn(program, [PROTOCOL, question], {
    env,
    // A group of its own, so that what it has started ends with it.
    detached: true,
    // What it writes there is for people: the protocol has no other place for a question to touch a token.
    stdio: ["pipe", "pipe", "inherit"],
  });
  const end = (): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // It is gone already.
    }
    child.stdout.destroy();
  };
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  let size = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    size += chunk.byteLength;
    chunks.push(chunk);
    if (size > MAX_OUTPUT_BYTES)
      reject(failed(name, `answered more than ${MAX_OUTPUT_BYTES} bytes`));
  });
  child.once("error", (cause) => reject(failed(name, "could not be started", cause)));
  child.once("close", () => resolve(Buffer.concat(chunks).toString("utf8")));
  // A plugin that does not read what it is given may still answer.
  child.stdin.on("error", () => {});
  child.stdin.end(message ?? new Uint8Array());
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(
    () => reject(failed(name, `did not answer within ${timeoutMs / 1000} seconds`)),
    timeoutMs,
  );
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
    end();
  }
}

/** The error for a plugin that is there and does not do what it should. */
export function failed(
  name: string,
  problem: string,
  cause?: unknown,
): FloeError<"FLOE_KMS_PLUGIN_FAILED"> {
  return new FloeError({
    code: "FLOE_KMS_PLUGIN_FAILED",
    message: `the plugin sigstore-kms-${name} ${problem}`,
    hint: "Check the key's id and the credentials that the plugin needs; cosign public-key --key asks it the same.",
    ...(cause === undefined ? {} : { cause }),
  });
}
