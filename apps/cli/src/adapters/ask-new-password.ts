import { FloeError } from "@floe/core";
import { askSecrets } from "./ask-secret.ts";

/**
 * Asks for the password of a new key, twice; an empty one is allowed, as with cosign.
 * @throws {FloeError} FLOE_KEY_PASSWORD_WRONG - the two are not the same, or the input ended
 */
export async function askNewPassword(what: string): Promise<string> {
  const [password, again] = await askSecrets([
    `Password for ${what} (empty for none): `,
    "The same again: ",
  ]);
  if (password !== undefined && password === again) return password;
  throw new FloeError({
    code: "FLOE_KEY_PASSWORD_WRONG",
    message: "the two passwords are not the same; no key was made",
    hint: "Type the same password twice, or set FLOE_KEY_PASSWORD.",
  });
}
