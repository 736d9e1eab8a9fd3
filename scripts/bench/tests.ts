import plugin from "@floe/plugin-gate-tests";
import { fakeReport, fakeRun, fakeServices, fakeSubject } from "@floe/plugin-testkit";
import { type Measured, race } from "./race.ts";

const BYTES = 12 * 1024 ** 2;
const SUITES = 400;
const CASES = 150;

/** How long the gate `tests` takes for JUnit XML of 12 MB, from its bytes to the verdict. */
export async function measureTests(rounds: number, signal: AbortSignal): Promise<Measured[]> {
  const report = fakeReport("junit.xml", junitReport());
  if (report.bytes.byteLength < BYTES) throw new Error("the report is too small");
  const [provider] = plugin.gates ?? [];
  if (!provider) throw new Error("the plugin has no gate");
  const checked = await provider.config["~standard"].validate({});
  if (checked.issues) throw new Error("the settings are not valid");
  const gate = await provider.create(checked.value, fakeServices());
  const run = async (): Promise<void> => {
    const judged = { ...fakeSubject(), run: fakeRun(), reports: [report] };
    const { metrics } = await gate.evaluate(judged, { signal });
    if (metrics?.["passed"] !== SUITES * CASES) throw new Error("not all tests were counted");
  };
  return await race([{ name: "judge 12 MB of JUnit XML", side: "floe", run }], { rounds });
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
