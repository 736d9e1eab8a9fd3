import { spawn } from "node:child_process";
import type { Manifest } from "@floe/core";
import type { LoginPrompt, TokenSource } from "@floe/signing";
import type { OpenedSigner } from "./open-signer.ts";

/** A keyless signer and where its tokens come from. */
export interface KeylessOpened extends OpenedSigner {
  readonly source: string;
}

/**
 * Opens a keyless signer: a token of the environment, else a login on a terminal where the manifest signs keyless. `null`:
 * neither is there.
 * @throws {FloeError} FLOE_IDENTITY_TOKEN_INVALID - the token cannot be used, or nobody logged in
 */
export async function openKeylessSigner(
  manifest: Pick<Manifest, "signing">,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<KeylessOpened | null> {
  const { ambientTokenSource, createKeylessSigner } = await import("@floe/signing");
  const tokens = ambientTokenSource(env) ?? (await loginSource(manifest, env));
  if (tokens === null) return null;
  const services = manifest.signing.sigstore;
  const signer = await createKeylessSigner({ tokens, services, now: () => new Date(), signal });
  return { signer, publicKey: null, source: `OIDC token (${tokens.name})` };
}

async function loginSource(
  { signing }: Pick<Manifest, "signing">,
  env: NodeJS.ProcessEnv,
): Promise<TokenSource | null> {
  if (signing.mode !== "keyless" || !process.stdin.isTTY || !process.stderr.isTTY) return null;
  const { loginTokenSource } = await import("@floe/signing");
  const { oidcIssuer: issuer, oidcClientId: clientId } = signing.sigstore;
  // Without a screen of this machine, the page opens on another one.
  const hasScreen = env["DISPLAY"] !== undefined || env["WAYLAND_DISPLAY"] !== undefined;
  const flow = hasScreen && env["SSH_CONNECTION"] === undefined ? "browser" : "device";
  return loginTokenSource({ issuer, clientId, flow, prompt: TERMINAL });
}

const TERMINAL: LoginPrompt = {
  show(line) {
    process.stderr.write(`${line}\n`);
  },
  open(url) {
    // Its address is on the terminal; a machine without this program loses nothing.
    const child = spawn("xdg-open", [url], { detached: true, stdio: "ignore" });
    child.on("error", () => {});
    child.unref();
  },
};
