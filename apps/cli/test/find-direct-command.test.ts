import { expect, test } from "vitest";
import { findDirectCommand } from "../src/find-direct-command.ts";

const listed = {
  status: { id: "platform:status", file: "status.js", takesWords: true },
  "artifact copy": { id: "artifact:copy", file: "copy.js", takesWords: true },
  "artifact cache clear": { id: "artifact:cache:clear", file: "clear.js", takesWords: false },
};

test.for<[line: string, id: string | null, args?: string]>([
  ["status", "platform:status", ""],
  ["status --json", "platform:status", "--json"],
  ["status v1.0.0", "platform:status", "v1.0.0"],
  ["artifact copy a b --tag c", "artifact:copy", "a b --tag c"],
  ["artifact cache clear --quiet", "artifact:cache:clear", "--quiet"],
  ["artifact copy a -- -h", "artifact:copy", "a -- -h"],
  // For oclif: help, topics, what is no command, and a word that could belong to a command's name.
  ["", null],
  ["artifact", null],
  ["artifact --help", null],
  ["artifact copy a --help", null],
  ["status -h", null],
  ["artifact:copy a b", null],
  ["artifact cache", null],
  ["artifact cache clear now", null],
  ["stauts", null],
  ["--json status", null],
  ["__proto__", null],
  ["constructor", null],
])("%s", ([line, id, args = ""]) => {
  const found = findDirectCommand(line === "" ? [] : line.split(" "), listed);

  expect(found && { id: found.id, args: found.args.join(" ") }).toEqual(id && { id, args });
});
