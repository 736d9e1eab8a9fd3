import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCommand } from "./command.ts";
import { judgeTests } from "./judge-tests.ts";
import { type Measured, median, race } from "./race.ts";

const BYTES = 12 * 1024 ** 2;
const SUITES = 400;
const CASES = 150;
/** What a process that judges such a report may hold in memory at most, in MiB. */
const MOST_MIB = 200;

/** How long the gate `tests` takes for JUnit XML of 12 MB, and how much memory a process of its own needs for it. */
export async function measureTests(
  cwd: string,
  options: { readonly rounds: number; readonly signal: AbortSignal },
): Promise<{ readonly rows: Measured[]; readonly memory: string }> {
  const { rounds, signal } = options;
  const bytes = new TextEncoder().encode(junitReport());
  if (bytes.byteLength < BYTES) throw new Error("the report is too small");
  const path = join(cwd, "junit.xml");
  writeFileSync(path, bytes);
  const program = fileURLToPath(new URL("judge-junit.ts", import.meta.url));
  const cold: number[] = [];
  const peaks: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { passed, milliseconds, mib } = JSON.parse(
      runCommand({ program: process.execPath, args: [program, path], cwd }),
    ) as Readonly<Record<"passed" | "milliseconds" | "mib", number>>;
    if (passed !== SUITES * CASES) throw new Error("tests are missing");
    cold.push(milliseconds);
    peaks.push(mib);
  }
  const judge = async (report: Uint8Array): Promise<void> => {
    if ((await judgeTests(report, signal)) !== SUITES * CASES) throw new Error("tests are missing");
  };
  const ascending = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);
  const warm = await race(
    [
      { name: "judge 12 MB of JUnit XML", side: "floe", run: () => judge(bytes) },
      ...python(cwd, path),
    ],
    { rounds },
  );
  const first: Measured = {
    ...{ name: "the same, in a process that has just begun", side: "floe", requests: null },
    times: ascending(cold),
  };
  const peak = median(ascending(peaks));
  const verdict = peak <= MOST_MIB ? "met" : "NOT met";
  return {
    rows: [first, ...warm],
    memory: `  memory of that process ${peak} MiB, budget ${MOST_MIB} MiB, ${verdict}`,
  };
}

/** Python's own parser, which only counts; no row where there is no Python. */
function python(cwd: string, path: string) {
  if (spawnSync("python3", ["--version"]).status !== 0) return [];
  const script = `import sys, xml.etree.ElementTree as tree
count = 0
for _, element in tree.iterparse(sys.argv[1]):
    count += element.tag == "testcase"
    element.clear()
sys.exit(count != ${SUITES * CASES})`;
  const run = () => runCommand({ program: "python3", args: ["-c", script, path], cwd });
  return [{ name: "python3 counts them, process", side: "peer", run } as const];
}

/** A report as test programs write it. Synthetic. */
function junitReport(): string {
  const suites = Array.from({ length: SUITES }, (_, suite) => {
    const cases = Array.from({ length: CASES }, (__, index) => {
      const name = `handles input number ${index} of the many that there are, without losing any`;
      return `    <testcase classname="com.example.shop.checkout.Suite${suite}Test" name="${name}" file="src/test/java/com/example/shop/checkout/Suite${suite}Test.java" time="0.0${index}"/>`;
    });
    return `  <testsuite name="Suite${suite}" tests="${CASES}" failures="0" errors="0" skipped="0">\n${cases.join("\n")}\n  </testsuite>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join("\n")}\n</testsuites>\n`;
}
