import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { exportedNames, membersOf } from "./exported-names.ts";

const source = (path: string): URL => new URL(`../../src/${path}`, import.meta.url);
const reference = readFileSync(
  new URL("../../../../docs/reference/core-api.md", import.meta.url),
  "utf8",
);

/** First cells of the table under a heading. */
function rowsUnder(heading: string): string[] {
  const [, after = ""] = reference.split(`\n### ${heading}\n`);
  const [section = ""] = after.split(/^##/m);
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell = ""]) => cell);
}

describe("docs/reference/core-api.md", () => {
  test("lists the options of createFloe, in order", () => {
    expect(rowsUnder("Options")).toEqual(membersOf(source("create-floe.ts"), "FloeOptions"));
  });

  test("lists the methods of a floe, in order", () => {
    expect(rowsUnder("Methods")).toEqual(membersOf(source("create-floe.ts"), "Floe"));
  });

  test.each([
    ["@floe/core", "index.ts"],
    ["@floe/core/manifest", "manifest/index.ts"],
    ["@floe/core/model", "model/index.ts"],
    ["@floe/core/errors", "errors/index.ts"],
    ["@floe/core/ports", "ports/index.ts"],
    ["@floe/core/telemetry", "telemetry/index.ts"],
    ["@floe/core/spec", "spec/index.ts"],
    ["@floe/core/deploy", "deploy/index.ts"],
  ])("lists the names that %s exports, and no other", (entry, index) => {
    const sections = reference.slice(reference.indexOf("\n## Exports\n")).split(/^### /m).slice(1);
    const rows = sections
      .filter((section) => section.slice(0, section.indexOf("\n")).includes(`\`${entry}\``))
      .flatMap((section) => [...section.matchAll(/^\| `(\w+)` \| (value|type) \|/gm)]);
    const named = (kind: string) =>
      rows.flatMap(([, name = "", is]) => (is === kind ? [name] : [])).sort();
    const exported = exportedNames(source(index));
    expect({ values: named("value"), types: named("type") }).toEqual(exported);
  });
});

test("reading exports from source finds the values that the module has at run time", async () => {
  const module: object = await import("../../src/index.ts");
  expect(exportedNames(source("index.ts")).values).toEqual(Object.keys(module).sort());
});
