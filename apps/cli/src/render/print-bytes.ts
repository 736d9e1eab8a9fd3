import { writeOutput } from "../adapters/own-output.ts";

/** Prints bytes on stdout as they are, without a line end. */
export async function printBytes(bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    writeOutput(bytes, (error) => {
      // A reader that has seen enough is no failure.
      if (!error || ("code" in error && error.code === "EPIPE")) resolve();
      else reject(error);
    });
  });
}
