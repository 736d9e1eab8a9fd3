import { randomBytes } from "node:crypto";
import { EXIT, FloeError } from "@floe/core/errors";
import { parseTraceContext } from "@floe/core/telemetry";
import type { Hook } from "@oclif/core";
import { renderError } from "../render/error.ts";

/** Says which command was meant. */
const hook: Hook.CommandNotFound = async ({ id, argv = [], config }) => {
  const { nearNames } = await import("@floe/core");
  const topics = config.topics.map(({ name }) => name);
  const names = [...config.commandIDs, ...topics].map((name) => name.split(":"));
  // Everything that stands on the command line is in the id. Behind the first word that leads nowhere are its arguments.
  const words = id.split(":");
  const wrong = words.findIndex((_, at) => !topics.includes(words.slice(0, at + 1).join(":")));
  const topic = words.slice(0, wrong).join(":");
  const word = words[wrong] ?? id;
  const beside = names.filter((name) => name.slice(0, -1).join(":") === topic);
  const alike = nearNames(word, [...new Set(beside.map((name) => name.at(-1) ?? ""))]);
  const elsewhere = config.commandIDs.filter((name) => name.endsWith(`:${word}`));
  const found = [...alike.map((name) => [...words.slice(0, wrong), name].join(":")), ...elsewhere];
  const near = found.map((name) => `floe ${name.replaceAll(":", " ")}`);
  const shown = [...words.slice(0, wrong), word].join(" ");
  const error = new FloeError({
    code: "FLOE_USAGE_INVALID",
    message: `there is no command ${JSON.stringify(shown)}`,
    hint:
      near.length > 0
        ? `Did you mean: ${near.join(", ")}?`
        : `${["floe", ...words.slice(0, wrong)].join(" ")} --help lists the commands.`,
    details: { command: shown, near },
  });
  process.exitCode = EXIT.usage;
  await renderError(error, {
    format: argv.includes("--json") || argv.includes("json") ? "json" : "table",
    exitCode: EXIT.usage,
    interrupted: false,
    usage: null,
    verbose: false,
    traceId: parseTraceContext(process.env)?.traceId ?? randomBytes(16).toString("hex"),
  });
};

export default hook;
