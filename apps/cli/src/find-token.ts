import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { FloeError } from "@floe/core/errors";
import type { SigstoreServices } from "@floe/core/manifest";
import type { TokenSource } from "@floe/signing";
import { parseSecretRef, readSecret } from "./adapters/read-secret.ts";

/**
 * Makes the source of tokens of `--identity-token`: `env:NAME`, a file, or the token itself as cosign takes it. A file is
 * read again for each token: a job that renews it is followed.
 * @throws {FloeError} FLOE_SECRET_UNREADABLE - the variable is not set
 * @throws {FloeError} FLOE_USAGE_INVALID - neither a token nor a file that can be read
 */
export function givenTokenSource(value: string, env: NodeJS.ProcessEnv): TokenSource {
  const name = "--identity-token";
  if (value.startsWith("env:"))
    return { name, fetch: async () => await readSecret(parseSecretRef(value, name), env) };
  if (/^[\w-]+\.[\w-]+\.[\w-]*$/.test(value) && value.startsWith("eyJ"))
    return { name, fetch: async () => value };
  const path = value.startsWith("file:") ? value.slice("file:".length) : value;
  return {
    name,
    async fetch({ signal }) {
      return await readFile(path, { encoding: "utf8", signal }).catch((cause: unknown) => {
        signal.throwIfAborted();
        // What was given may be a damaged token, which must not be shown.
        throw new FloeError({
          code: "FLOE_USAGE_INVALID",
          message: "--identity-token is neither a token nor a file that can be read",
          hint: "Give the path of a file with the token, env:NAME, or set SIGSTORE_ID_TOKEN.",
          cause,
        });
      });
    },
  };
}

/** Lets a person log in, on a terminal only; `null` without one. */
export async function loginSource(
  { oidcIssuer: issuer, oidcClientId: clientId }: SigstoreServices,
  env: NodeJS.ProcessEnv,
): Promise<TokenSource | null> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return null;
  const { loginTokenSource } = await import("@floe/signing");
  // Without a screen of this machine, the page opens on another one.
  const hasScreen = Boolean(env["DISPLAY"] || env["WAYLAND_DISPLAY"]) && !env["SSH_CONNECTION"];
  const prompt = {
    show: (line: string) => void process.stderr.write(`${line}\n`),
    open: openPage,
  };
  return loginTokenSource({ issuer, clientId, flow: hasScreen ? "browser" : "device", prompt });
}

// Its address is shown as well, so that nothing is lost where no browser opens.
function openPage(url: string): void {
  const child = spawn("xdg-open", [url], { stdio: "ignore", detached: true });
  child.once("error", () => {});
  child.unref();
}
