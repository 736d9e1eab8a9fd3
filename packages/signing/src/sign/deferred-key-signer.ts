import type { KeyObject } from "node:crypto";
import { FloeError } from "@floe/core/errors";
import type { CallOptions, Signer } from "@floe/core/ports";
import { keyId } from "../keys/public-key.ts";
import { createKeySigner } from "./key-signer.ts";

/**
 * Makes a signer of a private key that is still being opened, which takes a while with an encrypted one, and of the
 * public key that is said to belong to it. Until `ready` or `sign` has come back, who signs is a claim of that file.
 * `ready` and `sign` reject with what opening rejects with.
 * @throws {FloeError} FLOE_KEY_INVALID - from `ready` and `sign`: the public key is another key's
 */
export function createDeferredKeySigner({
  name,
  publicKey,
  privateKey,
}: {
  /** Of the private key, for messages: a path or a variable. */
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly privateKey: Promise<KeyObject>;
}): Signer {
  const claimed = keyId(publicKey);
  const opened = privateKey.then((key) => {
    if (keyId(key) !== claimed)
      throw new FloeError({
        code: "FLOE_KEY_INVALID",
        message: `${name}: the public key file beside it (.pub) holds another key's, ${claimed}; its own is ${keyId(key)}`,
        hint: "Write the right public key into that file, or remove it.",
      });
    return createKeySigner({ privateKey: key });
  });
  // Whoever needs the key hears of it; nobody may need it.
  opened.catch(() => {});
  return {
    signer: { method: "key", keyId: claimed },
    async ready({ signal }) {
      await opened;
      signal.throwIfAborted();
    },
    ...(publicKey.asymmetricKeyType === "ec"
      ? {
          async signBytes(bytes: Uint8Array, options: CallOptions) {
            const signer = await opened;
            if (!signer.signBytes) throw new Error("an ECDSA key signs bytes");
            return await signer.signBytes(bytes, options);
          },
        }
      : {}),
    async sign(statement, options) {
      return await (await opened).sign(statement, options);
    },
  };
}
