import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { aProject } from "../bed/a-project.ts";
import { packFolder } from "../bed/pack-plugins.ts";
import { temporaryFolder } from "../bed/temporary-folder.ts";

const FIXTURE = new URL("./first-contract/", import.meta.url);
const FIRST = new URL("../../../../packages/core/api/plugin.first.api.d.ts", import.meta.url);

/** What was written then, byte for byte: whoever has to change it for a test to pass has broken the plugins of others. */
const FROZEN = {
  "package.json": "b5d966acae0584f263a69655970f80fe08f1caccade1e741721948ac8d655aeb",
  "index.js": "e62095141e1b37dd85fdbd5d64ea08a1daa19b84bc25c7075821469d70da8c41",
  "plugin.first.api.d.ts": "e04c222d5a6bacd839d3245c282f375569c4bb7b5c4f9012f1222618a79be093",
};

const hashOf = (url: URL): string => createHash("sha256").update(readFileSync(url)).digest("hex");

test("the plugin of the first contract, and that contract, are as they were", () => {
  expect({
    "package.json": hashOf(new URL("package.json", FIXTURE)),
    "index.js": hashOf(new URL("index.js", FIXTURE)),
    "plugin.first.api.d.ts": hashOf(FIRST),
  }).toEqual(FROZEN);
});

test("a plugin that was built against the first contract still judges, and still keeps ledgers", async () => {
  await using folder = await temporaryFolder();
  cpSync(fileURLToPath(FIXTURE), join(folder.path, "first"), { recursive: true });
  const tarball = await packFolder(join(folder.path, "first"), folder.path);
  const check = (max: number) => ({ policy_compliance: true, first_check: { max } });
  await using project = await aProject({
    environments: [
      { name: "dev", gates: check(1) },
      { name: "prod", gates: { policy_compliance: true } },
    ],
    audit: { backend: "first_ledger", with: { path: "ledger" } },
  });
  const env = { FLOE_DATA_DIR: join(folder.path, "data"), npm_config_offline: "true" };
  const floe = async (...args: string[]) => await project.runWith({ env }, ...args, "-o", "json");
  const installed = await floe("plugins", "install", `file:${tarball}`);
  expect(installed.json).toMatchObject({
    ...{ success: true, gates: ["first_check"], audit_backends: ["first_ledger"] },
  });
  const promoted = await floe("promote", "v1.0.0", "--to", "dev");
  expect(promoted.code, promoted.stderr).toBe(0);
  expect(promoted.json["gate_results"]).toContainEqual(
    expect.objectContaining({
      ...{ gate: "first_check", status: "passed", metrics: { layers: 1 } },
      plugin: { name: "floe-plugin-first-contract", version: "1.0.0", origin: "user" },
    }),
  );
  const verified = await floe("audit", "verify");
  expect(verified.code, verified.stdout).toBe(0);
  const [chain = ""] = readdirSync(join(project.dir, "ledger"));
  expect(readdirSync(join(project.dir, "ledger", chain))).toContain("000000000");

  project.write("manifest.yaml", project.read("manifest.yaml").replace("max: 1", "max: none"));
  const refused = await floe("manifest", "validate");
  expect(refused.json["error"]).toMatchObject({ message: expect.stringContaining("expected max") });
});
