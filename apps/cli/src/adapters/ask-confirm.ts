import { createInterface } from "node:readline";
import { FloeError } from "@floe/core/errors";

/**
 * Asks a question on the terminal that only `y` or `yes` says yes to. The question goes to stderr.
 * @throws {FloeError} FLOE_INTERRUPTED - Ctrl-C
 */
export async function askConfirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await new Promise<boolean>((resolve, reject) => {
      lines.once("SIGINT", () =>
        reject(new FloeError({ code: "FLOE_INTERRUPTED", message: "interrupted" })),
      );
      // The input ended without an answer.
      lines.once("close", () => resolve(false));
      lines.question(`${question} [y/N] `, (answer) => resolve(/^y(?:es)?$/i.test(answer.trim())));
    });
  } finally {
    lines.close();
  }
}
