import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (path: string): string =>
  readFileSync(new URL(`../../../../${path}`, import.meta.url), "utf8");
const reference = read("docs/reference/gates.md");
const sectionOf = (gate: string): string =>
  reference.split(`\n## ${gate}\n`)[1]?.split("\n## ", 1)[0] ?? "";

test("docs/reference/gates.md lists the variables that a gate's command gets", () => {
  const source = read("packages/core/src/gates/gate-environment.ts");
  const body = source.slice(source.indexOf("async function gateEnvironment"));
  const set = [...body.slice(0, body.indexOf("\n}")).matchAll(/^ {4}(FLOE_\w+):/gm)];
  const documented = [...reference.matchAll(/^\| `(FLOE_\w+)` \|/gm)];
  expect(set).not.toEqual([]);
  expect(documented.map(([, name]) => name)).toEqual(set.map(([, name]) => name));
});

test("docs/reference/gates.md lists the settings of the gate tests", () => {
  const source = read("plugins/gate-tests/src/config.ts");
  const section = sectionOf("tests");
  const documented = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect(documented).toEqual([...source.matchAll(/^ {2}(\w+): z\./gm)].map(([, name]) => name));
});

test("docs/reference/gates.md lists the settings of the gate security_scan", () => {
  const source = read("plugins/gate-security-scan/src/config.ts");
  const [, settings = ""] = source.split("export const SecurityConfig");
  const section = sectionOf("security_scan");
  const documented = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect(documented).toEqual([...settings.matchAll(/^ {2}(\w+): ?\w/gm)].map(([, name]) => name));
});

test("docs/reference/gates.md lists the settings of the gate performance_baseline", () => {
  const source = read("plugins/gate-performance-baseline/src/config.ts");
  const [, settings = ""] = source.split("export const PerformanceConfig");
  const section = sectionOf("performance_baseline");
  const documented = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect(documented).toEqual([...settings.matchAll(/^ {2}(\w+): ?\w/gm)].map(([, name]) => name));
});

test("docs/reference/gates.md lists the settings of the gate cost_analysis", () => {
  const source = read("plugins/gate-cost-analysis/src/config.ts");
  const [, settings = ""] = source.split("export const CostConfig");
  const section = sectionOf("cost_analysis");
  const documented = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect(documented).toEqual([...settings.matchAll(/^ {4}(\w+): ?\w/gm)].map(([, name]) => name));
});
