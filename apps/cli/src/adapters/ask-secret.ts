import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { FloeError } from "@floe/core";

/**
 * Asks for a secret on the terminal; what is typed is not shown. The question goes to stderr.
 * @throws {FloeError} FLOE_INTERRUPTED - Ctrl-C
 * @throws {FloeError} FLOE_KEY_PASSWORD_WRONG - the input ended without an answer
 */
export async function askSecret(question: string): Promise<string> {
  const [answer = ""] = await askSecrets([question]);
  return answer;
}

/** As {@link askSecret}, one question after the other; lines that were typed ahead are kept for the next. */
export async function askSecrets(questions: readonly string[]): Promise<string[]> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  const answers: string[] = [];
  const ask = (): void => {
    process.stderr.write(questions[answers.length] ?? "");
  };
  ask();
  try {
    return await new Promise<string[]>((resolve, reject) => {
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
      lines.on("line", (line) => {
        answers.push(line);
        process.stderr.write("\n");
        if (answers.length === questions.length) resolve(answers);
        else ask();
      });
    });
  } finally {
    lines.close();
  }
}
