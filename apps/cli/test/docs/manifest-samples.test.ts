import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PluginSource } from "@floe/core";
import { blocksOf } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { loadProject } from "../../src/compose.ts";
import { go } from "../bed/a-project.ts";
import { temporaryFolder } from "../bed/temporary-folder.ts";
import { writeKeys } from "../bed/write-keys.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const PAGES = [
  "README.md",
  ...readdirSync(join(ROOT, "docs/guides")).map((file) => `docs/guides/${file}`),
  ...["manifest", "gates", "policies"].map((name) => `docs/reference/${name}.md`),
];

type Tree = Readonly<Record<string, unknown>>;

/** Where a part of a manifest belongs that a page shows alone, by its first key. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    ["apiVersion", "identities", "groups", "artifacts"].map((key) => [key, []]),
  ),
  verification: ["artifacts"],
  promotion: ["artifacts"],
  ...Object.fromEntries(
    ["audit", "policies", "gate_commands", "webhooks"].map((key) => [
      key,
      ["artifacts", "promotion"],
    ]),
  ),
  rules: ["artifacts", "promotion", "policies"],
  ...Object.fromEntries(["gates", "authorization", "freeze"].map((key) => [key, ["prod"]])),
  tests: ["prod", "gates"],
  exemptions: ["exemptions"],
};
/** First keys of what is no part of a manifest: pipelines. */
const PIPELINES = ["name", "permissions", "promote", "0"];

const people = ["release", "alice", "ci", "scanner", "security-team", "build", "artifact"];
const BASE = {
  apiVersion: "floe.dev/v1",
  kind: "Manifest",
  metadata: { name: "acme" },
  identities: Object.fromEntries(
    people.slice(0, 5).map((name) => [name, { key: `keys/${name}.pub` }]),
  ),
  groups: { "release-managers": ["release", "alice"] },
  artifacts: {
    registry: { uri: "oci://registry.example.com/acme/app" },
    verification: { public_key_ref: "keys/artifact.pub" },
    promotion: {
      policies: {
        rules: [
          { id: "fresh", builtin: "max_age", with: { max: "30d" } },
          { id: "small", builtin: "max_size", with: { max: "1GiB" } },
        ],
      },
    },
  },
};

/** What is shown on a page, each with the place of its first key. Lines that begin with the same key are several. */
function samplesOf(page: string): [text: string, place: readonly string[]][] {
  return blocksOf(page, "yaml")
    .flatMap((block) => {
      const keys = block.match(/^\w+(?=:)/gm) ?? [];
      return new Set(keys).size < keys.length ? block.trim().split("\n") : [block];
    })
    .flatMap((text): [string, readonly string[]][] => {
      const [key = ""] = Object.keys(parse(text) as Tree);
      if (PIPELINES.includes(key)) return [];
      const place = PLACES[key];
      if (!place) throw new Error(`${page}: where does ${key} belong in a manifest?`);
      return [[text, place]];
    });
}

function merged(base: unknown, more: unknown): unknown {
  const isTree = (value: unknown): value is Tree =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isTree(base) || !isTree(more)) return more;
  const all = { ...base, ...more };
  return Object.fromEntries(
    Object.keys(all).map((key) => [
      key,
      // Somebody's identity is one thing: a key or keyless.
      key in base && key in more && !people.includes(key) ? merged(base[key], more[key]) : all[key],
    ]),
  );
}

/** A manifest with a part at its place; `prod` and `exemptions` are places of their own. */
function manifestWith(text: string, [first, ...rest]: readonly string[]): unknown {
  const shown = (parse(text) as Tree) ?? {};
  if (first === "exemptions")
    return merged(BASE, {
      artifacts: { promotion: { policies: { exemptions: "exemptions.yaml" } } },
    });
  const inside = rest.reduceRight<unknown>((tree, key) => ({ [key]: tree }), shown);
  if (first === "prod") {
    const { gate_commands, ...prod } = inside as Tree;
    const commands = gate_commands === undefined ? {} : { gate_commands };
    const environments = [{ name: "dev" }, { name: "staging" }, { name: "prod", ...prod }];
    return merged(BASE, { artifacts: { promotion: { environments, ...commands } } });
  }
  return merged(BASE, first === undefined ? shown : { [first]: inside });
}

/** The plugins that come with floe. */
const installed = readdirSync(join(ROOT, "plugins")).map((folder): PluginSource => {
  const root = join(ROOT, "plugins", folder);
  const { name, version, floe } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return { name, version, root, origin: "bundled", descriptor: floe };
});

describe.each(PAGES.filter((page) => samplesOf(page).length > 0))("%s", (page) => {
  const samples = samplesOf(page).map(([text, place], index) => ({
    ...{ text, place, number: index + 1, begins: text.split("\n", 1)[0] },
  }));
  test.each(samples)("shows a manifest that loads: $number, $begins", async ({ text, place }) => {
    await using folder = await temporaryFolder();
    for (const name of people) writeKeys(folder.path, name);
    writeFileSync(join(folder.path, "manifest.yaml"), stringify(manifestWith(text, place)));
    writeFileSync(join(folder.path, "exemptions.yaml"), text);
    const { manifest } = await loadProject({
      ...{ manifestPath: undefined, registry: undefined, cwd: folder.path },
      ...{
        installed,
        version: "0.0.0",
        signal: go.signal,
        env: { CHAT_HOOK: "x", RELEASE_KEY: "" },
      },
      ...{ thoroughly: true, withExemptions: true },
    });
    expect(manifest.ignored ?? []).toEqual([]);
  });
});
