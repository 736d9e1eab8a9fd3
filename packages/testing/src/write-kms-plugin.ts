import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A plugin of the sigstore KMS protocol that was written into a folder. */
export interface KmsPlugin {
  /** For `--key`. */
  readonly uri: string;
  /** What PATH must begin with. */
  readonly folder: string;
  readonly publicKeyPem: string;
}

/**
 * Writes `sigstore-kms-NAME`, a program in JavaScript that signs with a key beside it: what floe and cosign run alike.
 */
export async function writeKmsPlugin(
  folder: string,
  {
    name = "test",
    keys = generateKeyPairSync("ec", { namedCurve: "P-256" }),
  }: {
    readonly name?: string;
    readonly keys?: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
  } = {},
): Promise<KmsPlugin> {
  await mkdir(folder, { recursive: true });
  const publicKeyPem = String(keys.publicKey.export({ type: "spki", format: "pem" }));
  const privateKeyPem = String(keys.privateKey.export({ type: "pkcs8", format: "pem" }));
  const source = `#!${process.execPath}
const { createSign, createVerify } = require("node:crypto");
const { readFileSync } = require("node:fs");
const [version, json] = process.argv.slice(2);
const { initOptions, methodName, verifySignature } = JSON.parse(json);
const answer = (value) => process.stdout.write(JSON.stringify(value));
if (version !== "v1" || initOptions.protocolVersion !== "v1") answer({ errorMessage: "protocol" });
else if (initOptions.keyResourceID !== "signing/key") answer({ errorMessage: "no key " + initOptions.keyResourceID });
else if (methodName === "publicKey")
  answer({ publicKey: { publicKeyPEM: ${JSON.stringify(Buffer.from(publicKeyPem).toString("base64"))} } });
else if (methodName === "signMessage")
  answer({ signMessage: { signature: createSign("sha256").update(readFileSync(0)).sign(${JSON.stringify(privateKeyPem)}, "base64") } });
else if (methodName === "verifySignature") {
  const ok = createVerify("sha256").update(readFileSync(0)).verify(${JSON.stringify(publicKeyPem)}, verifySignature.signature, "base64");
  answer(ok ? { verifySignature: {} } : { errorMessage: "another signature" });
} else answer({ errorMessage: "cannot " + methodName });
`;
  const path = join(folder, `sigstore-kms-${name}`);
  await writeFile(path, source);
  await chmod(path, 0o755);
  return { uri: `${name}://signing/key`, folder, publicKeyPem };
}
