import { FloeError } from "@floe/core/errors";
import { writeOutput } from "../adapters/own-output.ts";

/** Prints a command's result on stdout, and only that. */
export async function print(
  format: "table" | "json" | "yaml",
  value: unknown,
  text: () => string,
): Promise<void> {
  if (format === "json") await write(`${JSON.stringify(value, null, 2)}\n`);
  else if (format === "yaml") await write((await import("yaml")).stringify(value));
  else await write(ensureNewline(text()));
}

async function write(text: string): Promise<void> {
  if (text === "") return;
  // Waits for a slow reader, so that a long result is never cut off when the process ends.
  await new Promise<void>((resolve, reject) => {
    writeOutput(text, (error) => {
      if (!error) resolve();
      // A reader that has seen enough (`floe history | head`) is no failure.
      else if ("code" in error && error.code === "EPIPE") resolve();
      else
        reject(
          new FloeError({
            code: "FLOE_OUTPUT_FAILED",
            message: `the result could not be printed: ${error.message}`,
            hint: "What the command does was done by then; only its output is lost.",
            cause: error,
          }),
        );
    });
  });
}

function ensureNewline(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
