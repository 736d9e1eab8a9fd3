import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { FloePlugin, Gate, GateProvider, GateVerdict } from "@floe/core/plugin";
import { describe, expect, test } from "vitest";
import { gateChecks } from "../src/checks.ts";
import {
  type SampleConfig,
  SampleSchema,
  sampleContract,
  sampleGate,
  samplePackageJson,
  samplePlugin,
} from "./sample-plugin.ts";

type Evaluate = Gate["evaluate"];

function judging(evaluate: (right: Evaluate) => Evaluate): FloePlugin {
  return samplePlugin({
    create: (config) => ({
      evaluate: evaluate((subject, options) => sampleGate(config).evaluate(subject, options)),
    }),
  });
}

function saying(change: (verdict: GateVerdict) => object): FloePlugin {
  return judging(
    (right) => async (subject, options) => change(await right(subject, options)) as GateVerdict,
  );
}

function checking(
  validate: (value: unknown) => ReturnType<(typeof SampleSchema)["~standard"]["validate"]>,
): Partial<GateProvider<SampleConfig>> {
  return { config: { "~standard": { ...SampleSchema["~standard"], validate } } };
}

/** What authors get wrong: the plugin, the check that has to find it, and what the check has to say about it. */
const BUGS: readonly (readonly [string, FloePlugin, string, RegExp])[] = [
  [
    "passes everything",
    judging(() => async (_, { signal }) => {
      signal.throwIfAborted();
      return { status: "passed", summary: "fine" };
    }),
    "returns a failed verdict with a reason for the failing case, and does not throw",
    /the failing case was judged passed/,
  ],
  [
    "throws where it should refuse",
    judging((right) => async (subject, options) => {
      const verdict = await right(subject, options);
      if (verdict.status === "failed") throw new Error("too large");
      return verdict;
    }),
    "returns a failed verdict with a reason for the failing case, and does not throw",
    /too large/,
  ],
  [
    "refuses without a reason",
    saying(({ reasons: _reasons, ...verdict }) => verdict),
    "returns a failed verdict with a reason for the failing case, and does not throw",
    /a failed verdict needs a reason of level fail/,
  ],
  [
    "passes what it cannot judge",
    judging(
      (right) => async (subject, options) =>
        subject.artifact.size === 0
          ? { status: "passed", summary: "nothing there" }
          : await right(subject, options),
    ),
    "throws for what it cannot judge, and says why",
    /it returned a verdict on what it cannot judge/,
  ],
  [
    "takes a typing error for a setting",
    samplePlugin(
      checking((value) => {
        const { max } = value as { readonly max?: unknown };
        return SampleSchema["~standard"].validate(max === undefined ? {} : { max });
      }),
    ),
    "refuses unknown keys, naming them",
    /the unknown key floe_testkit_unknown_key was not refused by name/,
  ],
  [
    "does not say which setting is wrong",
    samplePlugin(
      checking(async (value) => {
        const result = await SampleSchema["~standard"].validate(value);
        return result.issues ? { issues: [{ message: "wrong" }] } : result;
      }),
    ),
    "refuses invalid settings, naming the path",
    /the error names \[\], not \["max"\], for \{"max":"many"\}/,
  ],
  [
    "goes on when it is told to stop",
    judging(
      (right) => async (subject) => await right(subject, { signal: new AbortController().signal }),
    ),
    "rejects at once when the signal is already aborted",
    /it returned a verdict although the signal was aborted/,
  ],
  [
    "writes into what it is shown",
    judging((right) => (subject, options) => {
      subject.artifact.manifest.fill(0);
      return right(subject, options);
    }),
    "leaves its inputs as they are",
    /the subject was changed/,
  ],
  [
    "keeps what it judges in a variable of the module",
    (() => {
      let config: SampleConfig = { max: 0 };
      return samplePlugin({
        create: (own) => ({
          async evaluate(subject, options) {
            options.signal.throwIfAborted();
            config = own;
            await new Promise((resolve) => setTimeout(resolve, 5));
            return await sampleGate(config).evaluate(subject, options);
          },
        }),
      });
    })(),
    "judges two artifacts at the same time without mixing them up",
    /the verdicts differ when two artifacts are judged at the same time/,
  ],
  [
    "writes a date into its details",
    saying((verdict) => ({ ...verdict, details: { at: new Date(0) } })),
    "returns a passed or warning verdict for the passing case",
    /details\.at is not a plain object, JSON would lose what it is/,
  ],
  [
    "counts to NaN",
    saying((verdict) => ({ ...verdict, metrics: { ratio: 0 / 0 } })),
    "returns a passed or warning verdict for the passing case",
    /metrics\.ratio must be a finite number, it is NaN/,
  ],
  [
    "has an error for a verdict",
    saying((verdict) => ({ ...verdict, status: "error" })),
    "returns a passed or warning verdict for the passing case",
    /status is "error"; a gate says passed, warning, failed or skipped, and throws when it cannot tell/,
  ],
  [
    "shows secrets of its surroundings",
    saying((verdict) => ({ ...verdict, details: { env: { ...process.env } as never } })),
    "puts nothing of the process environment into its verdict",
    /the verdict holds a value of the process environment/,
  ],
  [
    "prints its progress",
    judging((right) => (subject, options) => {
      console.log("looking");
      return right(subject, options);
    }),
    "writes nothing to the terminal",
    /use services\.logger: the terminal is floe's/,
  ],
  [
    "changes the language for everybody",
    judging((right) => (subject, options) => {
      Object.assign(Object.prototype, { required: false });
      return right(subject, options);
    }),
    "leaves the objects of the language as they are",
    /Object\.prototype\.required/,
  ],
];

describe("the kit finds a gate that", () => {
  test.each(BUGS)("%s", async (_, plugin, name, message) => {
    const contract = sampleContract(await samplePackageJson());
    const check = gateChecks(plugin, "sample_size", contract).find((one) => one.name === name);
    if (!check) throw new Error(`no check is named ${name}`);
    const complaint = await check.run().then(
      () => null,
      (error: unknown) => error,
    );
    expect(complaint).toBeInstanceOf(Error);
    expect((complaint as Error).message).toMatch(message);
    expect("required" in {}).toBe(false);
  });
});

test("under node:test the kit passes a gate that is right, and names what is wrong with one that is not", () => {
  const folder = mkdtempSync(join(tmpdir(), "floe-node-test-"));
  try {
    const kit = new URL("../src/node-test.ts", import.meta.url).href;
    const index = fileURLToPath(new URL("../../../examples/third-party-gate/", import.meta.url));
    const packageJson = pathToFileURL(join(index, "package.json")).href;
    writeFileSync(
      join(folder, "contract.test.mjs"),
      `import { describeGateContract, fakeSubject } from ${JSON.stringify(kit)};
       import plugin from ${JSON.stringify(pathToFileURL(join(index, "index.js")).href)};
       const layers = (count) => ({ manifest: new TextEncoder().encode(JSON.stringify({ layers: Array(count).fill({}) })) });
       const contract = (failing) => ({
         packageJson: new URL(${JSON.stringify(packageJson)}),
         validConfigs: [{}], invalidConfigs: [{ config: { max: 0 }, path: ["max"] }],
         passing: { config: {}, subject: fakeSubject({ artifact: layers(1) }) },
         failing: { config: {}, subject: fakeSubject({ artifact: layers(failing) }) },
       });
       describeGateContract(plugin, "layer_limit", contract(Number(process.env.LAYERS)));`,
    );
    const run = (layers: string) =>
      spawnSync(
        process.execPath,
        ["--conditions=@floe/source", "--test", "--test-reporter=tap", "contract.test.mjs"],
        {
          cwd: folder,
          encoding: "utf8",
          // A run inside another one reports to that one.
          env: { ...process.env, LAYERS: layers, NODE_TEST_CONTEXT: undefined },
        },
      );
    const right = run("11");
    expect(right.status, right.stdout + right.stderr).toBe(0);
    expect(right.stdout).toMatch(/# pass 1\d\n# fail 0/);
    const wrong = run("2");
    expect(wrong.status).toBe(1);
    expect(wrong.stdout).toContain("the failing case was judged passed");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
