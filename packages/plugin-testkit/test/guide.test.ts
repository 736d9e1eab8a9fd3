import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { FloePlugin } from "@floe/core/plugin";
import { afterAll, describe, expect, test } from "vitest";
import { describeAuditBackendContract } from "../src/index.ts";

const GUIDE = new URL("../../../docs/guides/write-an-audit-backend.md", import.meta.url);

const folder = await mkdtemp(join(tmpdir(), "floe-guide-"));
afterAll(async () => await rm(folder, { recursive: true }));

const text = await readFile(GUIDE, "utf8");
for (const [file, language] of [
  ["package.json", "json"],
  ["index.js", "js"],
] as const) {
  const [, code = ""] =
    new RegExp(`\`${file}\`:\n\n\`\`\`${language}\n([^]*?)\n\`\`\``).exec(text) ?? [];
  await writeFile(join(folder, file), code);
}
const module = pathToFileURL(join(folder, "index.js"));
const { default: plugin } = (await import(module.href)) as { default: FloePlugin };

describe("the backend of docs/guides/write-an-audit-backend.md", () => {
  describeAuditBackendContract(plugin, "folder_ledger", {
    packageJson: pathToFileURL(join(folder, "package.json")),
    module,
    validConfigs: [{}, { path: "ledger" }],
    invalidConfigs: [{ config: { path: 1 }, path: ["path"] }],
    rounds: 10,
    async makeStore() {
      const baseDir = await mkdtemp(join(folder, "store-"));
      return { config: {}, baseDir, [Symbol.asyncDispose]: async () => undefined };
    },
  });

  test("is named in the guide as it is written", () => {
    expect(text).toContain('describeAuditBackendContract(plugin, "folder_ledger"');
  });
});
