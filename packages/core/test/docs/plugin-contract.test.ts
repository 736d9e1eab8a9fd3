import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { declarationsOf, emitPluginApi, exportedNames, importsOf } from "./plugin-api.ts";

const api = emitPluginApi();
const declared = declarationsOf(api);

test("api/plugin.api.d.ts is what the compiler emits for the plugin contract", async () => {
  await expect(api).toMatchFileSnapshot("../../api/plugin.api.d.ts");
});

test("every declaration of the contract is exported, and nothing else is", () => {
  expect(exportedNames()).toEqual([...declared.keys()].sort());
});

test("the contract imports nothing but its own files", () => {
  const files = readdirSync(new URL("../../src/contract", import.meta.url));
  for (const file of files)
    expect(
      importsOf(file).filter((module) => !/^\.\/[\w-]+\.ts$/.test(module)),
      file,
    ).toEqual([]);
});

describe("docs/reference/plugin-contract.md", () => {
  const reference = readFileSync(
    new URL("../../../../docs/reference/plugin-contract.md", import.meta.url),
    "utf8",
  );
  const types = reference.slice(reference.indexOf("\n## Types\n"));
  const documented = new Map(
    [...types.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].flatMap(([, block = ""]) => [
      ...declarationsOf(`\n${block}`),
    ]),
  );

  test("shows every declaration word for word, and no other", () => {
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(declared));
  });
});
