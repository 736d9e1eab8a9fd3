import { generateKeyPairSync } from "node:crypto";
import { access, chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { writeKmsPlugin } from "@floe/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createVerifier, keyId, loadPublicKey, openKmsKey, parseKmsUri } from "../../src/index.ts";
import { STATEMENT } from "../keyless/keyless-loop.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "floe-kms-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function open(uri: string, options: { readonly path?: string; readonly timeoutMs?: number } = {}) {
  const parsed = parseKmsUri(uri);
  if (parsed === null) throw new Error(`${uri} names no key of a KMS`);
  const { path = `${folder}:/usr/bin:/bin`, ...rest } = options;
  const signal = AbortSignal.timeout(20_000);
  return openKmsKey(parsed, { env: { PATH: path }, signal, ...rest });
}

/** A plugin that is a script of the shell. */
async function script(lines: string): Promise<string> {
  const path = join(folder, "sigstore-kms-odd");
  await writeFile(path, `#!/bin/sh\n${lines}\n`);
  await chmod(path, 0o755);
  return "odd://key";
}

describe("openKmsKey", () => {
  test.each([
    ["ECDSA P-256", () => generateKeyPairSync("ec", { namedCurve: "P-256" })],
    ["RSA", () => generateKeyPairSync("rsa", { modulusLength: 2048 })],
  ])("signs with a key that a plugin holds: %s", async (_, keys) => {
    const { uri, publicKeyPem } = await writeKmsPlugin(folder, { keys: keys() });
    const kms = await open(uri);
    expect(kms.publicKeyPem).toBe(publicKeyPem);
    expect(kms.signer.signer).toEqual({ method: "key", keyId: keyId(loadPublicKey(publicKeyPem)) });
    const bundle = await kms.signer.sign(STATEMENT, { signal: AbortSignal.timeout(20_000) });
    const trusted = [{ method: "key", name: "kms", publicKey: publicKeyPem }] as const;
    expect(createVerifier().verifyBundle(bundle, trusted)).toMatchObject({ ok: true, name: "kms" });
  });

  test.each([
    ["P-384", () => generateKeyPairSync("ec", { namedCurve: "P-384" })],
    ["ed25519", () => generateKeyPairSync("ed25519")],
  ])("refuses a key that cosign would not verify: %s", async (_, keys) => {
    const { uri } = await writeKmsPlugin(folder, { keys: keys() });
    await expect(open(uri)).rejects.toMatchObject({
      code: "FLOE_KMS_PLUGIN_FAILED",
      message: expect.stringContaining("ECDSA P-256 or RSA"),
    });
  });

  test("says what the plugin says", async () => {
    await writeKmsPlugin(folder);
    await expect(open("test://another/key")).rejects.toMatchObject({
      code: "FLOE_KMS_PLUGIN_FAILED",
      message: expect.stringContaining("no key another/key"),
    });
  });

  test("finds plugins in absolute folders of PATH alone, and never from the working folder", async () => {
    const { uri } = await writeKmsPlugin(folder);
    for (const path of ["", ".", relative(process.cwd(), folder), `:${tmpdir()}/floe-nothing`])
      await expect(open(uri, { path })).rejects.toMatchObject({
        code: "FLOE_KMS_PLUGIN_FAILED",
        message: expect.stringContaining("no program sigstore-kms-test is on PATH"),
      });
  });

  test("steps over a file that cannot be run, and over a folder of that name", async () => {
    const { uri, folder: good } = await writeKmsPlugin(join(folder, "good"));
    await writeFile(join(folder, "sigstore-kms-test"), "no program");
    await expect(open(uri, { path: `${folder}:${good}` })).resolves.toBeDefined();
  });

  test.each([
    ["no JSON", "echo hello", "something else than JSON"],
    ["nothing", "true", "something else than JSON"],
    ["another answer", "echo '{}'", "no answer to publicKey"],
    ["a key that is none", `echo '{"publicKey":{"publicKeyPEM":"aGVsbG8="}}'`, "cannot be used"],
    ["no text for a key", `echo '{"publicKey":{"publicKeyPEM":5}}'`, "no public key"],
    ["without end", "yes", "more than"],
    ["an error with control characters", `printf '{"errorMessage":"\\\\u001b[31mred"}'`, "says"],
  ])("refuses an answer of %s", async (_, lines, message) => {
    const error = await open(await script(lines)).catch((cause: unknown) => cause);
    expect(error).toMatchObject({
      code: "FLOE_KMS_PLUGIN_FAILED",
      message: expect.stringContaining(message),
    });
    expect(String((error as Error).message)).not.toContain("\u001b");
  });

  test("does not wait for a plugin that never answers, nor for what it has started", async () => {
    const uri = await script("sleep 60 & sleep 60");
    const started = performance.now();
    await expect(open(uri, { timeoutMs: 300 })).rejects.toMatchObject({
      code: "FLOE_KMS_PLUGIN_FAILED",
      message: expect.stringContaining("did not answer within 0.3 seconds"),
    });
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test("does not give on a signature that is not by the key", async () => {
    const { publicKeyPem } = await writeKmsPlugin(folder);
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const good = Buffer.from(publicKeyPem).toString("base64");
    const { uri } = await writeKmsPlugin(folder, { name: "liar", keys: other });
    const path = join(folder, "sigstore-kms-liar");
    const source = await readFile(path, "utf8");
    await writeFile(path, source.replace(/publicKeyPEM: "[^"]+"/, `publicKeyPEM: "${good}"`));
    const { signer } = await open(uri);
    await expect(
      signer.sign(STATEMENT, { signal: AbortSignal.timeout(20_000) }),
    ).rejects.toMatchObject({
      code: "FLOE_KMS_PLUGIN_FAILED",
      message: expect.stringContaining("not by its own key"),
    });
  });

  test("hands the id over as one argument, whatever it holds", async () => {
    const marker = join(folder, "marker");
    await writeKmsPlugin(folder);
    await expect(open(`test://$(touch ${marker});\`touch ${marker}\``)).rejects.toMatchObject({
      code: "FLOE_KMS_PLUGIN_FAILED",
    });
    await expect(access(marker)).rejects.toThrow("ENOENT");
  });
});

describe("parseKmsUri", () => {
  test.each([
    ["awskms:///alias/key", { name: "awskms", id: "/alias/key" }],
    ["hashivault://key", { name: "hashivault", id: "key" }],
    ["keys/cosign.key", null],
    ["file:keys/cosign.key", null],
    ["env:KEY", null],
    ["../evil://key", null],
    ["a/b://key", null],
    ["UPPER://key", null],
    ["-x://key", null],
    ["name://", null],
    ["name://a\nb", null],
    ["name:///etc/passwd", { name: "name", id: "/etc/passwd" }],
  ])("%s", (text, expected) => {
    expect(parseKmsUri(text)).toEqual(expected);
  });
});
