import plugin from "@floe/plugin-gate-tests";
import { fakeReport, fakeRun, fakeServices, fakeSubject } from "@floe/plugin-testkit";

/** Judges a report by the gate `tests` and says how many of its tests have passed. */
export async function judgeTests(bytes: Uint8Array, signal: AbortSignal): Promise<number> {
  const [provider] = plugin.gates ?? [];
  if (!provider) throw new Error("the plugin has no gate");
  const checked = await provider.config["~standard"].validate({});
  if (checked.issues) throw new Error("the settings are not valid");
  const gate = await provider.create(checked.value, fakeServices());
  const reports = [{ ...fakeReport("junit.xml", ""), bytes }];
  const { metrics } = await gate.evaluate(
    { ...fakeSubject(), run: fakeRun(), reports },
    { signal },
  );
  return metrics?.["passed"] ?? 0;
}
