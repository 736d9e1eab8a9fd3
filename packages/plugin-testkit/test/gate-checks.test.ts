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

/** Runs all checks and returns the names of those that fail. */
async function failures(plugin: FloePlugin, packageJson?: URL): Promise<string[]> {
  const contract = sampleContract(packageJson ?? (await samplePackageJson()));
  const failed: string[] = [];
  for (const check of gateChecks(plugin, "sample_size", contract)) {
    await check.run().catch((error: unknown) => {
      expect(error).toBeInstanceOf(Error);
      failed.push(check.name);
    });
  }
  return failed;
}

type Evaluate = Gate["evaluate"];

/** The sample plugin with another `evaluate`, which can call the right one. */
function judging(evaluate: (right: Evaluate) => Evaluate): FloePlugin {
  return samplePlugin({
    create: (config) => {
      const gate = sampleGate(config);
      return { evaluate: evaluate((subject, options) => gate.evaluate(subject, options)) };
    },
  });
}

/** The sample plugin whose verdicts are changed. */
function saying(change: (verdict: GateVerdict) => object): FloePlugin {
  return judging(
    (right) => async (subject, options) => change(await right(subject, options)) as GateVerdict,
  );
}

test("a plugin that keeps the contract passes all checks", async () => {
  expect(await failures(samplePlugin())).toEqual([]);
});

test("a gate that the plugin does not have fails everything that needs it", async () => {
  const failed = await failures({ ...samplePlugin(), gates: [] });

  expect(failed).toContain("accepts valid settings");
  expect(failed).toContain("returns a passed or warning verdict for the passing case");
});

describe("the shape of the plugin is refused", () => {
  const shape = "exports a plugin of the contract's shape";

  test.each<[string, Partial<GateProvider<SampleConfig>>]>([
    ["when the id of a gate is reserved", { id: "policy_compliance" }],
    ["when the id of a gate has capitals", { id: "SampleSize" }],
    ["when there is no summary", { summary: " " }],
    ["when the summary has two lines", { summary: "a\nb" }],
  ])("%s", async (_why, change) => {
    expect(await failures(samplePlugin(change))).toContain(shape);
  });

  test("when two gates have the same id", async () => {
    const gates = [...(samplePlugin().gates ?? []), ...(samplePlugin().gates ?? [])];

    expect(await failures({ ...samplePlugin(), gates } as FloePlugin)).toContain(shape);
  });

  test("when it has fields of its own", async () => {
    const plugin = { ...samplePlugin(), hooks: [] } as FloePlugin;

    expect(await failures(plugin)).toEqual([shape]);
  });

  test("when it is for another version of the contract", async () => {
    const plugin = { ...samplePlugin(), apiVersion: "floe.dev/v9" } as unknown;

    expect(await failures(plugin as FloePlugin)).toContain(shape);
  });
});

describe("package.json is refused", () => {
  test.each<[string, Record<string, unknown>]>([
    ["when it declares another gate", { floe: { apiVersion: "floe.dev/v1", gates: ["other"] } }],
    ["when it declares no gate", { floe: { apiVersion: "floe.dev/v1" } }],
    ["when it has no descriptor", { floe: undefined }],
    [
      "when it declares another version of the contract",
      { floe: { apiVersion: "floe.dev/v0", gates: ["sample_size"] } },
    ],
    ["when its version is not the plugin's", { version: "1.0.1" }],
    ["when its name is not the plugin's", { name: "floe-plugin-other" }],
    ["when it is CommonJS", { type: "commonjs" }],
  ])("%s", async (_why, change) => {
    expect(await failures(samplePlugin(), await samplePackageJson(change))).toEqual([
      "declares in package.json what it exports",
    ]);
  });
});

describe("the schema is refused", () => {
  const schema = (
    validate: (typeof SampleSchema)["~standard"]["validate"],
  ): Partial<GateProvider<SampleConfig>> => ({
    config: { "~standard": { ...SampleSchema["~standard"], validate } },
  });
  const right = SampleSchema["~standard"].validate;

  test("when it lets unknown keys through", async () => {
    const plugin = samplePlugin(
      schema((value) => {
        const { max } = value as { readonly max?: number };
        return right(max === undefined ? {} : { max });
      }),
    );

    expect(await failures(plugin)).toEqual(["refuses unknown keys, naming them"]);
  });

  test("when it does not say where the problem is", async () => {
    const plugin = samplePlugin(
      schema(async (value) => {
        const result = await right(value);
        return result.issues === undefined ? result : { issues: [{ message: "Invalid" }] };
      }),
    );

    expect(await failures(plugin)).toEqual([
      "refuses unknown keys, naming them",
      "refuses invalid settings, naming the path",
    ]);
  });

  test("when it refuses valid settings", async () => {
    const plugin = samplePlugin(schema(() => ({ issues: [{ message: "no", path: ["max"] }] })));

    expect(await failures(plugin)).toContain("accepts valid settings");
  });

  test("when it changes the settings in place", async () => {
    const plugin = samplePlugin(
      schema((value) => {
        Object.assign(value as object, { max: 1 });
        return right(value);
      }),
    );

    expect(await failures(plugin)).toContain("accepts valid settings");
  });
});

describe("a verdict is refused", () => {
  const passing = "returns a passed or warning verdict for the passing case";

  test.each<[string, (verdict: GateVerdict) => object]>([
    ["with the status error, which is floe's alone", (v) => ({ ...v, status: "error" })],
    ["without a summary", (v) => ({ ...v, summary: "" })],
    ["with a summary of two lines", (v) => ({ ...v, summary: "a\nb" })],
    ["with a field of its own", (v) => ({ ...v, findings: [] })],
    ["with a metric that is no number", (v) => ({ ...v, metrics: { size: Number.NaN } })],
    ["with a date", (v) => ({ ...v, details: { at: new Date() } })],
    ["with a map", (v) => ({ ...v, details: { found: new Map() } })],
    ["with a function", (v) => ({ ...v, details: { again: () => 1 } })],
    ["with bytes", (v) => ({ ...v, details: { raw: new Uint8Array(1) } })],
    [
      "that contains itself",
      (v) => {
        const details: Record<string, unknown> = {};
        details["self"] = details;
        return { ...v, details };
      },
    ],
    ["with a reason without a code", (v) => ({ ...v, reasons: [{ level: "info", message: "m" }] })],
    [
      "with a reason of an unknown level",
      (v) => ({ ...v, reasons: [{ code: "A", level: "error", message: "m" }] }),
    ],
    [
      "with a reason whose place is no text",
      (v) => ({ ...v, reasons: [{ code: "A", level: "info", message: "m", where: 3 }] }),
    ],
  ])("%s", async (_why, change) => {
    expect(await failures(saying(change))).toContain(passing);
  });

  test("that fails without a reason", async () => {
    const plugin = saying(({ reasons: _reasons, ...verdict }) => verdict);

    expect(await failures(plugin)).toEqual([
      "returns a failed verdict with a reason for the failing case, and does not throw",
    ]);
  });

  test("that is thrown instead of returned", async () => {
    const plugin = judging((right) => async (subject, options) => {
      const verdict = await right(subject, options);
      if (verdict.status === "failed") throw new Error(verdict.summary);
      return verdict;
    });

    expect(await failures(plugin)).toContain(
      "returns a failed verdict with a reason for the failing case, and does not throw",
    );
  });

  test("that is always the same", async () => {
    const plugin = judging(() => async (_subject, { signal }) => {
      signal.throwIfAborted();
      return { status: "passed", summary: "fine" };
    });

    expect(await failures(plugin)).toEqual([
      "returns a failed verdict with a reason for the failing case, and does not throw",
      "throws for what it cannot judge, and says why",
    ]);
  });
});

describe("a gate is refused", () => {
  test("when it returns a verdict on what it cannot judge", async () => {
    const plugin = judging(
      (right) => async (subject, options) =>
        subject.artifact.size === 0
          ? {
              status: "failed",
              summary: "?",
              reasons: [{ code: "A", level: "fail", message: "m" }],
            }
          : right(subject, options),
    );

    expect(await failures(plugin)).toEqual(["throws for what it cannot judge, and says why"]);
  });

  test("when it throws a stack trace", async () => {
    const plugin = judging((right) => async (subject, options) => {
      try {
        return await right(subject, options);
      } catch (error) {
        options.signal.throwIfAborted();
        throw new Error(error instanceof Error ? error.stack : "", { cause: error });
      }
    });

    expect(await failures(plugin)).toEqual(["throws for what it cannot judge, and says why"]);
  });

  test("when it does not look at the signal", async () => {
    const plugin = judging(
      (right) => (subject) => right(subject, { signal: new AbortController().signal }),
    );

    expect(await failures(plugin)).toEqual(["rejects at once when the signal is already aborted"]);
  });

  test("when it hides the reason of the abort", async () => {
    const plugin = judging((right) => async (subject, options) => {
      if (options.signal.aborted) throw new Error("stopped");
      return right(subject, options);
    });

    expect(await failures(plugin)).toEqual(["rejects at once when the signal is already aborted"]);
  });

  test("when it changes bytes of its input", async () => {
    const plugin = judging((right) => (subject, options) => {
      subject.artifact.manifest[0] = 0;
      return right(subject, options);
    });

    expect(await failures(plugin)).toEqual(["leaves its inputs as they are"]);
  });

  test("when it changes a field of its input", async () => {
    const plugin = judging((right) => async (subject, options) => {
      Object.assign(subject, { dryRun: true });
      return right(subject, options);
    });

    expect(await failures(plugin)).toContain("leaves its inputs as they are");
  });

  test("when its instances share state", async () => {
    let last: SampleConfig = { max: 0 };
    const plugin = samplePlugin({
      create: (config) => ({
        evaluate: async (subject, options) => {
          options.signal.throwIfAborted();
          last = config;
          await Promise.resolve();
          await Promise.resolve();
          return sampleGate(last).evaluate(subject, options);
        },
      }),
    });

    expect(await failures(plugin)).toEqual([
      "judges two artifacts at the same time without mixing them up",
    ]);
  });

  test.each<[string, () => unknown]>([
    ["writes to stdout", () => process.stdout.write("hello\n")],
    ["writes to stderr", () => process.stderr.write(Buffer.from("hello\n"))],
    ["uses the console", () => console.warn("hello")],
  ])("when it %s", async (_what, write) => {
    const plugin = judging((right) => (subject, options) => {
      write();
      return right(subject, options);
    });

    expect(await failures(plugin)).toEqual(["writes nothing to the terminal"]);
  });

  test("when it copies the environment into its verdict", async () => {
    const plugin = saying((verdict) => ({
      ...verdict,
      details: { environment: Object.values(process.env).join(" ") },
    }));

    expect(await failures(plugin)).toEqual([
      "puts nothing of the process environment into its verdict",
    ]);
  });

  test("when it cannot be disposed of twice", async () => {
    const plugin = samplePlugin({
      create: (config) => {
        let open = true;
        return {
          ...sampleGate(config),
          [Symbol.asyncDispose]: async () => {
            if (!open) throw new Error("already closed");
            open = false;
          },
        };
      },
    });

    expect(await failures(plugin)).toEqual(["can be disposed of twice"]);
  });
});

test("the terminal is as before after the checks", async () => {
  const before = [console.log, Object.getOwnPropertyDescriptor(process.stdout, "write")];

  await failures(samplePlugin());

  expect([console.log, Object.getOwnPropertyDescriptor(process.stdout, "write")]).toEqual(before);
});
