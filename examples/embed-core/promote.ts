// Promotes a version and prints what came of it: node promote.ts MANIFEST VERSION ENVIRONMENT
import { exitCodeOfOutcome, isFloeError } from "@floe/core";
import { openFloe } from "./open-floe.ts";

const [manifestPath = "manifest.yaml", version = "", to = ""] = process.argv.slice(2);
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

try {
  await using floe = await openFloe(manifestPath, stop.signal);
  const outcome = await floe.promote({ version, to }, { signal: stop.signal });
  switch (outcome.kind) {
    case "done":
      console.log(`${version} is in ${to}: ${outcome.tags.map(({ tag }) => tag).join(", ")}`);
      break;
    case "blocked":
      for (const { code, message, hint } of outcome.blocking)
        console.log(`${code}: ${message}${hint === null ? "" : ` (${hint})`}`);
      break;
    case "unchanged":
    case "would_succeed":
      console.log(outcome.kind);
      break;
  }
  process.exitCode = exitCodeOfOutcome(outcome);
} catch (error) {
  // A refusal is an outcome; what is thrown is trouble, or a question that makes no sense.
  if (!isFloeError(error)) throw error;
  console.log(`${error.code}: ${error.message}`);
  process.exitCode = error.exitCode;
}
