import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { FloeError } from "@floe/core";

/**
 * Asks for a secret on the terminal; what is typed is not shown. The question goes to stderr.
 * @throws {FloeError} FLOE_INTERRUPTED - Ctrl-C
 * @throws {FloeError} FLOE_KEY_PASSWORD_WRONG - the input ended without an answer
 */
export async function askSecret(question: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  process.stderr.write(question);
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once("SIGINT", () => {
        reject(new FloeError({ code: "FLOE_INTERRUPTED", message: "interrupted" }));
      });
      lines.once("close", () => {
        reject(
          new FloeError({
            code: "FLOE_KEY_PASSWORD_WRONG",
            message: "the input ended before a password was typed",
            hint: "Type it, or set FLOE_KEY_PASSWORD. An empty password is Enter.",
          }),
        );
      });
      lines.question("", resolve);
    });
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
}
