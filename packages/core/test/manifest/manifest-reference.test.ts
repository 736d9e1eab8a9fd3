import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { manifestJsonSchema, PLACEHOLDERS } from "../../src/manifest/index.ts";
import { newPublicKey, openManifestFolder } from "./manifest-folder.ts";

const PAGE = new URL("../../../../docs/reference/manifest.md", import.meta.url);

function keysOf(schema: unknown, keys: Set<string>): Set<string> {
  if (Array.isArray(schema)) for (const item of schema) keysOf(item, keys);
  else if (typeof schema === "object" && schema !== null)
    for (const [name, value] of Object.entries(schema)) {
      if (name === "properties" && typeof value === "object" && value !== null)
        for (const key of Object.keys(value)) keys.add(key);
      keysOf(value, keys);
    }
  return keys;
}

test("the reference names every key and every placeholder", async () => {
  const page = await readFile(PAGE, "utf8");
  const words = new Set(page.match(/[A-Za-z][A-Za-z0-9_]*/g));
  // Described with the policies.
  const elsewhere = ["rules", "exemptions", "secret_scanning"];

  const missing = [...keysOf(manifestJsonSchema({ gates: {} }), new Set<string>())].filter(
    (key) => !words.has(key) && !elsewhere.includes(key),
  );

  expect(missing).toEqual([]);
  for (const name of PLACEHOLDERS) expect(page).toContain(`\${${name}}`);
});

test("the reference's example loads", async () => {
  const page = await readFile(PAGE, "utf8");
  const example = /```yaml\n(apiVersion:[\s\S]*?)```/.exec(page)?.[1];
  await using folder = await openManifestFolder(example);
  await folder.write("keys/release.pub", newPublicKey());
  await folder.write("keys/artifact.pub", newPublicKey());

  const manifest = await folder.load();

  expect(manifest.environments.map((environment) => environment.name)).toEqual(["dev", "prod"]);
  expect(manifest.unsupported).toEqual([]);
});
