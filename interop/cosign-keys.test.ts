import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generateKeyPair, keyId, loadPrivateKey, loadPublicKey } from "@floe/signing";
import { peer, run } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { cosignGenerateKeyPair, PASSWORD } from "./support/cosign.ts";
import { tempFolder } from "./support/temp-folder.ts";

describe("key files", () => {
  test("that cosign made are read by floe, with the password only", async ({ signal }) => {
    await using folder = await tempFolder();
    const pair = await cosignGenerateKeyPair({ cwd: folder.path, signal });
    const key = await loadPrivateKey(pair.privateKeyPem, { password: PASSWORD });
    expect(keyId(key)).toBe(keyId(loadPublicKey(pair.publicKeyPem)));
    await expect(loadPrivateKey(pair.privateKeyPem, { password: "wrong" })).rejects.toMatchObject({
      code: "FLOE_KEY_PASSWORD_WRONG",
    });
  });

  test.for([PASSWORD, ""])(
    "that floe made with the password %j are read by cosign",
    async (password, { signal }) => {
      await using folder = await tempFolder();
      const pair = await generateKeyPair({ password });
      await writeFile(join(folder.path, "cosign.key"), pair.privateKeyPem);
      const publicKey = (COSIGN_PASSWORD: string) =>
        run(peer("cosign"), ["public-key", "--key", "cosign.key"], {
          cwd: folder.path,
          env: { COSIGN_PASSWORD },
          signal,
        });
      const { exitCode, stdout } = await publicKey(password);
      expect(exitCode).toBe(0);
      expect(stdout.trim()).toBe(pair.publicKeyPem.trim());
      expect((await publicKey("wrong")).exitCode).not.toBe(0);
    },
  );
});
