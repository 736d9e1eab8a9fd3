import { randomBytes } from "node:crypto";
import { EXIT, FloeError } from "@floe/core/errors";
import { parseTraceContext } from "@floe/core/telemetry";
import type { Hook } from "@oclif/core";
import { renderError } from "../render/error.ts";

/** Says which command was meant. */
const hook: Hook.CommandNotFound = async ({ id, argv = [], config }) => {
  const { nearNames } = await import("@floe/core");
  const shown = id.replaceAll(":", " ");
  const known = [...config.commandIDs, ...config.topics.map((topic) => topic.name)];
  const near = [
    ...new Set(nearNames(id, known).map((name) => `floe ${name.replaceAll(":", " ")}`)),
  ];
  const error = new FloeError({
    code: "FLOE_USAGE_INVALID",
    message: `there is no command ${JSON.stringify(shown)}`,
    hint: near.length > 0 ? `Did you mean: ${near.join(", ")}?` : "floe --help lists the commands.",
    details: { command: shown, near },
  });
  process.exitCode = EXIT.usage;
  await renderError(error, {
    format: argv.includes("--json") || argv.includes("json") ? "json" : "table",
    exitCode: EXIT.usage,
    interrupted: false,
    usage: false,
    verbose: false,
    traceId: parseTraceContext(process.env)?.traceId ?? randomBytes(16).toString("hex"),
  });
};

export default hook;
