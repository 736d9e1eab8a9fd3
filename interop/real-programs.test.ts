import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type GateTool, gateTool } from "@floe/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { floeDone, runFloe } from "./support/run-floe.ts";
import { type TempFolder, tempFolder } from "./support/temp-folder.ts";

const go = { signal: new AbortController().signal };

/** A program of npm's, started by the Node.js that runs the tests. */
function nodeTool(url: string, file: string): GateTool & { readonly script: string } {
  return { path: process.execPath, env: {}, script: fileURLToPath(new URL(file, url)) };
}

let folder: TempFolder;
let service: Server;
let gates: Record<string, Record<string, unknown>>;

/** Adds a gate that judges what a program writes; `DIR` in an argument stands for the gate's folder. */
function gate(
  name: string,
  kind: string,
  tool: GateTool,
  args: readonly string[],
  report: string | null,
  settings: Readonly<Record<string, unknown>> = {},
): void {
  const argv = [tool.path, ...args].map((word) => word.replaceAll("DIR", "${FLOE_GATE_DIR}"));
  const reports = report === null ? {} : { reports: [`\${FLOE_GATE_DIR}/${report}`] };
  gates[name] = { kind, command: argv, env: { ...tool.env }, ...reports, ...settings };
}

interface Judged {
  readonly code: number | null;
  readonly status: string;
  readonly summary: string;
  readonly metrics: Record<string, number>;
  readonly all: string;
}

async function judge(name: string): Promise<Judged> {
  const args = ["gate", "run", name, "v0.1.0", "--env", "dev", "-o", "json"];
  const { stdout, stderr, exitCode } = await runFloe(args, { cwd: folder.path, ...go });
  const json = JSON.parse(stdout || "{}");
  const result = json.gate_results?.[0] ?? json.result ?? json;
  return {
    code: exitCode,
    status: result.status,
    summary: result.summary ?? stderr,
    metrics: result.metrics ?? {},
    all: stdout + stderr,
  };
}

const NODE_TESTS = {
  green: "  it('adds', () => {});\n  it('takes away', () => {});",
  red: "  it('adds', () => {});\n  it('takes away', () => { throw new Error('3 is not 4'); });",
};
const PYTHON = {
  green:
    "def test_adds():\n    assert 1 + 1 == 2\n\ndef test_takes_away():\n    assert 2 - 1 == 1\n",
  red: "def test_adds():\n    assert 1 + 1 == 2\n\ndef test_takes_away():\n    assert 2 - 1 == 3\n",
  nothing: "def helper():\n    pass\n",
};

beforeAll(async () => {
  gates = {};
  folder = await tempFolder();
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), text);
  };
  await floeDone(["init", "."], { cwd: folder.path, ...go });

  service = createServer((request, response) => {
    response.writeHead(request.url === "/broken" ? 500 : 200).end("ok");
  });
  await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;

  const jest = nodeTool(import.meta.resolve("jest/package.json"), "bin/jest.js");
  const mocha = nodeTool(import.meta.resolve("mocha/package.json"), "bin/mocha.js");
  for (const [colour, body] of Object.entries(NODE_TESTS)) {
    await write(`jest-${colour}/sum.test.js`, `describe('sum', () => {\n${body}\n});\n`);
    await write(`jest-${colour}/package.json`, "{}");
    await write(`mocha-${colour}/sum.js`, `describe('sum', () => {\n${body}\n});\n`);
  }
  await write("jest-nothing/package.json", "{}");
  await write("mocha-nothing/sum.js", "describe('sum', () => {});\n");
  for (const colour of ["green", "red", "nothing"]) {
    gate(
      ...([`jest_${colour}`, "tests", jest] as const),
      [jest.script, "--passWithNoTests", "--json", "--outputFile=DIR/jest.json"],
      "jest.json",
      { cwd: `jest-${colour}` },
    );
    gate(
      ...([`mocha_${colour}`, "tests", mocha] as const),
      [
        ...[mocha.script, "--reporter", "json", "--reporter-option", "output=DIR/mocha.json"],
        join(folder.path, `mocha-${colour}`),
      ],
      "mocha.json",
    );
  }
  const python = gateTool("python3.11");
  for (const [colour, body] of Object.entries(PYTHON)) {
    const file = `pytest-${colour}/test_sum.py`;
    await write(file, body);
    gate(
      ...([`pytest_${colour}`, "tests", python] as const),
      ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=DIR/junit.xml", file],
      "junit.xml",
    );
  }
  await write(
    "bench/test_speed.py",
    "def test_speed(benchmark):\n    benchmark(lambda: sum(range(100)))\n",
  );
  const perf = "performance_baseline";
  gate(
    ...(["pytest_bench", perf, python] as const),
    [
      ...["-m", "pytest", "-q", "-p", "no:cacheprovider", "--benchmark-json=DIR/bench.json"],
      ...["--benchmark-max-time=0.2", "bench/test_speed.py"],
    ],
    "bench.json",
  );
  const hyperfine = gateTool("hyperfine");
  const runs = ["--runs", "12", "--warmup", "1", "-N", "--export-json", "DIR/h.json"];
  gate("hyperfine_fast", perf, hyperfine, [...runs, "true"], "h.json");
  gate("hyperfine_limit", perf, hyperfine, [...runs, "sleep 0.02"], "h.json", {
    metrics: [{ name: "*", max: 5 }],
  });
  gate("hyperfine_red", perf, hyperfine, [...runs, "false"], "h.json");

  const autocannon = nodeTool(import.meta.resolve("autocannon/package.json"), "autocannon.js");
  const shell: GateTool = { path: "/bin/sh", env: {} };
  const few = { min_requests: 50, min_duration_seconds: 0 };
  for (const [name, path] of [
    ["ok", "/"],
    ["broken", "/broken"],
  ] as const) {
    const load = `"${autocannon.path}" "${autocannon.script}" --json -c 2 -a 200 ${url}${path} > "$FLOE_GATE_DIR/a.json"`;
    gate(`autocannon_${name}`, perf, shell, ["-c", load], "a.json", few);
    const { path: wrk, env: wrkEnv } = gateTool("wrk");
    const wrkLoad = `"${wrk}" -t1 -c2 -d1s --latency ${url}${path} > "$FLOE_GATE_DIR/wrk.txt"`;
    gate(`wrk_${name}`, perf, { path: "/bin/sh", env: wrkEnv }, ["-c", wrkLoad], "wrk.txt", few);
    const { path: hey, env: heyEnv } = gateTool("hey");
    const heyLoad = `"${hey}" -n 200 -c 2 ${url}${path} > "$FLOE_GATE_DIR/hey.txt"`;
    gate(`hey_${name}`, perf, { path: "/bin/sh", env: heyEnv }, ["-c", heyLoad], "hey.txt", few);
    const { path: ab, env: abEnv } = gateTool("ab");
    const abLoad = `"${ab}" -n 200 -c 2 ${url}${path} > "$FLOE_GATE_DIR/ab.txt"`;
    gate(`ab_${name}`, perf, { path: "/bin/sh", env: abEnv }, ["-c", abLoad], "ab.txt", few);
  }
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
}, 60_000);

afterAll(async () => {
  service.closeAllConnections();
  service.close();
  await folder[Symbol.asyncDispose]();
});

describe.for([["jest"], ["mocha"], ["pytest"]] as const)("%s", ([tool]) => {
  test("all tests passed: the gate passes, with their number", async () => {
    const judged = await judge(`${tool}_green`);
    expect(judged, judged.all).toMatchObject({ code: 0, status: "passed" });
    expect(judged.summary).toMatch(/\b2 of 2 tests passed|2 tests/);
  });

  test("one failed: the gate fails, and names it", async () => {
    const judged = await judge(`${tool}_red`);
    expect(judged, judged.all).toMatchObject({ code: 8, status: "failed" });
    expect(judged.summary).toMatch(/1 of 2 tests failed: .*takes.away/);
  });

  test("nothing ran: the gate could not judge", async () => {
    const judged = await judge(`${tool}_nothing`);
    expect(judged, judged.all).toMatchObject({ code: 8, status: "error" });
    expect(judged.summary).toMatch(/0 tests|no tests?|nothing/i);
  });
});

describe("hyperfine", () => {
  test("measures for the next time where there is no baseline", async () => {
    const judged = await judge("hyperfine_fast");
    expect(judged, judged.all).toMatchObject({ code: 0, status: "warning" });
    expect(judged.all).toContain("PERF_NO_BASELINE");
  });

  test("slower than the limit: the gate fails, with both numbers", async () => {
    const judged = await judge("hyperfine_limit");
    expect(judged, judged.all).toMatchObject({ code: 8, status: "failed" });
    expect(judged.all).toContain("PERF_LIMIT");
    expect(judged.summary).toMatch(/5 ms/);
  });

  test("a command that fails is not measured: the gate could not judge", async () => {
    expect(await judge("hyperfine_red")).toMatchObject({ code: 8, status: "error" });
  });
});

test("pytest-benchmark: its benchmark is measured for the next time", async () => {
  const judged = await judge("pytest_bench");
  expect(judged, judged.all).toMatchObject({ code: 0, status: "warning" });
  expect(judged.all).toContain("test_speed");
});

describe.for([["autocannon"], ["wrk"], ["hey"], ["ab"]] as const)("%s", ([tool]) => {
  test("its numbers are read: a latency and a rate", async () => {
    const judged = await judge(`${tool}_ok`);
    expect(judged, judged.all).toMatchObject({ code: 0, status: "warning" });
    expect(Object.keys(judged.metrics).join(), judged.all).toMatch(/latency.*requests_per_second/);
    for (const value of Object.values(judged.metrics)) expect(value).toBeGreaterThan(0);
  });

  test("a service that only answers with 500: the gate could not judge", async () => {
    const judged = await judge(`${tool}_broken`);
    expect(judged, judged.all).toMatchObject({ code: 8, status: "error" });
    expect(judged.summary).toMatch(/fail/);
  });
});
