import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type GateTool, goTool } from "@floe/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { floeDone, runFloe } from "./support/run-floe.ts";
import { type TempFolder, tempFolder } from "./support/temp-folder.ts";

/** Packages of one module, each with how `go test` ends with it. */
const PACKAGES = {
  green: `func TestAdds(t *testing.T) {}
func TestTakesAway(t *testing.T) { t.Run("two", func(t *testing.T) {}) }`,
  red: `func TestAdds(t *testing.T) {}
func TestTakesAway(t *testing.T) { t.Error("3 is not 4") }`,
  broken: "func TestAdds(t *testing.T) { missing() }",
};

/** What judges them: a file that `go test -json` prints, and the two that gotestsum writes. */
const REPORTS = {
  go: ["go", "go test -vet=off -json PACKAGES", '> "$FLOE_GATE_DIR/r.json"', "r.json"],
  junit: [
    "gotestsum",
    'gotestsum --junitfile "$FLOE_GATE_DIR/r.xml"',
    "-- -vet=off PACKAGES",
    "r.xml",
  ],
  json: [
    "gotestsum",
    'gotestsum --jsonfile "$FLOE_GATE_DIR/r.json"',
    "-- -vet=off PACKAGES",
    "r.json",
  ],
} as const;

type Report = keyof typeof REPORTS;

interface Judged {
  readonly gate: string;
  readonly status: string;
  readonly summary: string;
  readonly reasons: readonly { readonly code: string }[];
}

let folder: TempFolder;
let judged: ReadonlyMap<string, Judged>;

function gateOf(report: Report, packages: string): Readonly<Record<string, unknown>> {
  const [name, command, rest, file] = REPORTS[report];
  const tool: GateTool = goTool(name, join(folder.path, "cache"));
  return {
    kind: "tests",
    command: `${command} ${rest}`.replace("PACKAGES", packages),
    shell: true,
    env: tool.env,
    reports: [`\${FLOE_GATE_DIR}/${file}`],
  };
}

beforeAll(async () => {
  folder = await tempFolder();
  const go = { cwd: folder.path, signal: new AbortController().signal };
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), text);
  };
  await floeDone(["init", "."], go);
  await write("go.mod", "module example/sum\n\ngo 1.19\n");
  for (const [name, tests] of Object.entries(PACKAGES))
    await write(`${name}/sum_test.go`, `package ${name}\n\nimport "testing"\n\n${tests}\n`);
  await write("nothing/sum.go", "package nothing\n");
  const cases = {
    ...{ green: "./green", red: "./red", nothing: "./nothing", broken: "./broken" },
    ...{ filtered: "-run NoSuchTest ./green", half: "./green ./broken" },
  };
  const gates = Object.fromEntries(
    Object.entries(cases).flatMap(([name, packages]) =>
      (Object.keys(REPORTS) as Report[]).map((report) => [
        `${report}_${name}`,
        gateOf(report, packages),
      ]),
    ),
  );
  const manifest = {
    apiVersion: "floe.dev/v1",
    kind: "Manifest",
    metadata: { name: "acme" },
    identities: { release: { key: "keys/release.pub" } },
    artifacts: {
      registry: { uri: "oci-layout:./.floe/registry" },
      signing: { mode: "key-based", private_key_ref: "keys/release.key" },
      verification: { enforcement: "enforce", public_key_ref: "keys/artifact.pub" },
      promotion: { environments: [{ name: "dev", gates: { policy_compliance: true, ...gates } }] },
    },
  };
  await write("manifest.yaml", JSON.stringify(manifest));
  // One run judges them all.
  const { stdout } = await runFloe(
    ["promote", "v0.1.0", "--to", "dev", "--dry-run", "-o", "json"],
    go,
  );
  const { gate_results } = JSON.parse(stdout) as { readonly gate_results: readonly Judged[] };
  judged = new Map(gate_results.map((result) => [result.gate, result]));
}, 120_000);

afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

describe.for([
  ["go", "go test -json"],
  ["junit", "gotestsum --junitfile"],
  ["json", "gotestsum --jsonfile"],
] as const)("$1", ([report]) => {
  const of = (name: string): Judged | undefined => judged.get(`${report}_${name}`);

  test("all tests passed: the gate passes, with their number", () => {
    // In JUnit XML gotestsum counts a test beside its subtests.
    const count = report === "junit" ? 3 : 2;
    expect(of("green")).toMatchObject({
      status: "passed",
      summary: `${count} of ${count} tests passed`,
    });
  });

  test("one failed: the gate fails, and names it", () => {
    expect(of("red")).toMatchObject({
      status: "failed",
      summary: "1 of 2 tests failed: example/sum/red > TestTakesAway",
    });
  });

  test.for([["nothing"], ["filtered"]])("%s ran: the gate could not judge", ([name = ""]) => {
    expect(of(name)).toMatchObject({
      status: "error",
      summary: expect.stringMatching(/no test ran according to r\.(?:json|xml)/),
    });
  });

  test("what does not build is no pass, and neither is what ran beside it", () => {
    const unread = { status: "error", summary: expect.stringMatching(/cannot read r\.json/) };
    const contradicted = {
      status: "error",
      summary: "could not judge: the report says warning, but the command ended with 2",
    };
    // JUnit XML says it by its totals alone; the others say nothing of a package that was never run.
    const xml = (tests: number) => ({ status: "failed", summary: `1 of ${tests} tests failed` });
    const isXml = report === "junit";
    expect([of("broken"), of("half")]).toMatchObject(
      isXml ? [xml(1), xml(4)] : [unread, contradicted],
    );
  });
});
