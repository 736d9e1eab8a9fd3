import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { aProject } from "../bed/a-project.ts";

/** A gate that judges a report that lies in the project, one for each version. */
const judged = (settings: Readonly<Record<string, unknown>>) => ({
  command: ["cp", "reports/${ARTIFACT_TAG}.json", "${FLOE_GATE_DIR}/report.json"],
  reports: ["${FLOE_GATE_DIR}/report.json"],
  ...settings,
});

async function aComparingProject(gates: Readonly<Record<string, unknown>>) {
  return await aProject({
    versions: ["v1.0.0", "v1.1.0", "v1.2.0"],
    environments: [{ name: "dev", gates: { policy_compliance: true, ...gates } }],
  });
}

describe("what runs in the target environment is what a new version is compared with", () => {
  test("a version that costs too much more is refused with both amounts, a dearer one within the limit is not", async () => {
    const cost = { against: "target_env", max_increase_percent: 10, currency: "USD" };
    await using project = await aComparingProject({ cost_analysis: judged(cost) });
    for (const [version, monthly] of [
      ["v1.0.0", "100.00"],
      ["v1.1.0", "125.50"],
      ["v1.2.0", "108.00"],
    ])
      project.write(`reports/${version}.json`, JSON.stringify({ currency: "USD", monthly }));

    const first = await project.done("promote", "v1.0.0", "--to", "dev");
    expect(first.stdout).toContain(
      "! cost_analysis: 100.00 USD a month; there is nothing to compare it with yet",
    );
    const dearer = await project.run("promote", "v1.1.0", "--to", "dev");
    expect(dearer.code).toBe(8);
    expect(dearer.stderr).toMatch(/BLOCKED: gate cost_analysis: .*25\.5/);
    expect(dearer.stderr).toMatch(/10 ?%/);
    const within = await project.done("promote", "v1.2.0", "--to", "dev");
    expect(within.stdout).toMatch(/✓ cost_analysis: .*108/);
    // Of the one that was refused nothing is left to compare with.
    expect((await project.done("gate", "verify", "v1.2.0", "--env", "dev")).code).toBe(0);
  });

  test("a version that is slower for certain is refused with a picture of both, one as fast is not", async () => {
    const metrics = [{ name: "checkout", max_regression_percent: 10, max_regression_abs: 5 }];
    await using project = await aComparingProject({ performance_baseline: judged({ metrics }) });
    const report = (version: string, base: number): void => {
      const samples = Array.from({ length: 20 }, (_, index) => base + (index % 7) / 2);
      const metric = { name: "checkout", unit: "ms", better: "lower", samples };
      const body = { floe_performance: 1, tool: "bench.sh", metrics: [metric] };
      project.write(`reports/${version}.json`, JSON.stringify(body));
    };
    report("v1.0.0", 100);
    report("v1.1.0", 140);
    report("v1.2.0", 101);

    const first = await project.done("promote", "v1.0.0", "--to", "dev");
    expect(first.stdout).toMatch(
      /! performance_baseline: .*there is no earlier measurement to compare with/,
    );
    const slower = await project.run("promote", "v1.1.0", "--to", "dev");
    expect(slower.code).toBe(8);
    expect(slower.stderr).toMatch(/BLOCKED: gate performance_baseline: .*checkout.*10 ?%/);
    expect(slower.stdout).toMatch(
      /^ {6}checkout\n {8}before #+\.* 101\.5 ms\n {8}now {4}#+ 141\.5 ms {2}\+39\.4 % {2}worse$/m,
    );
    const same = await project.done("promote", "v1.2.0", "--to", "dev");
    expect(same.stdout).toMatch(/✓ performance_baseline: /);
    expect(same.stdout).not.toContain("####");
  });
});

test("a secret that a gate prints, in pieces, in its report and in its own words, comes nowhere", async () => {
  const secret = "S3cret-of-the-gate-9f8e7d6c";
  const [begin, end] = [secret.slice(0, 11), secret.slice(11)];
  const junit = `<testsuite name="$T"><testcase name="one $T" classname="c"><system-out>$T</system-out></testcase></testsuite>`;
  const script = [
    // Both halves in writes of their own, beside a lot else.
    `printf '%s' "\${T%${end}}"; sleep 0.05; printf '%s\\n' "\${T#${begin}}"`,
    `printf '%s' "$T" | base64`,
    `head -c 70000 /dev/zero | tr '\\0' x; printf '%s\\n' "$T"`,
    `printf '%s' '${junit}' | sed "s/[$]T/$T/g" > "$FLOE_GATE_DIR/junit.xml"`,
    `printf '{"summary":"with %s","details":{"said":"%s"}}' "$T" "$T" > "$FLOE_GATE_OUTPUT"`,
  ].join("; ");
  await using project = await aProject({
    environments: [
      {
        name: "dev",
        gates: {
          policy_compliance: true,
          tests: {
            command: script,
            shell: true,
            secret_env: { T: "env:PLANTED" },
            reports: ["${FLOE_GATE_DIR}/junit.xml"],
          },
        },
      },
    ],
  });
  const env = { PLANTED: secret };
  const run = await project.runWith(
    { env },
    ...["promote", "v1.0.0", "--to", "dev", "-o", "json", "--verbose"],
    ...["--gate-logs", "logs", "--report", "report.html"],
  );
  expect(run.code, run.stderr + run.stdout).toBe(0);
  const log = project.read("logs/tests.log");
  expect(log).toContain("***");
  const said = [run.stdout, run.stderr, log, project.read("report.html")];
  const tags = Object.values(await project.tags());
  const files = (await project.registryState()).map((line) => line.slice(0, line.lastIndexOf(" ")));
  const kept = files.map((path) => readFileSync(join(project.registry, path)));
  const evidence = kept.filter(isGzip).flatMap((bytes) => {
    const { reports } = JSON.parse(gunzipSync(bytes).toString("utf8"));
    return (reports as { content: string }[]).map(({ content }) => Buffer.from(content, "base64"));
  });
  expect(tags.length).toBeGreaterThan(3);
  expect(evidence.join()).toContain("system-out");
  said.push(...[...kept, ...evidence].map((bytes) => bytes.toString("latin1")));
  for (const text of said) {
    expect(text.includes(secret)).toBe(false);
    expect(text.includes(Buffer.from(secret).toString("base64").slice(0, 20))).toBe(false);
  }
});

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}
