import { readFileSync } from "node:fs";

/** The password of `cosign.key`. */
export const COSIGN_PASSWORD = "correct horse";

/** Reads a file that cosign made, see `fixtures/cosign/README.md`. */
export function cosignFixture(name: string): Buffer {
  return readFileSync(new URL(`./fixtures/cosign/${name}`, import.meta.url));
}
