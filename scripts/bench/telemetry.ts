import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startCollector, startDockerRegistry } from "@floe/testing";
import { type Command, floe, startCommand } from "./command.ts";
import { makeProject } from "./make-project.ts";
import { type Measured, race } from "./race.ts";

/** A promotion on docker-registry without telemetry, and with traces, metrics and logs sent to a collector in this process. */
export async function raceTelemetry(
  cwd: string,
  { rounds, signal }: { readonly rounds: number; readonly signal: AbortSignal },
): Promise<{ readonly rows: Measured[]; readonly loaded: string }> {
  await using registry = await startDockerRegistry({ signal });
  await using collector = await startCollector();
  const project = makeProject(cwd, `oci://${registry.host}/bench/telemetry`, undefined);
  const promote = (round: number, who: string): Command =>
    floe(cwd, "promote", `v1.${who}.${round}`, "--to", "dev", "--quiet");
  const watched = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
  };
  // The first begins the ledger.
  for (let round = 0; round <= rounds; round += 1)
    for (const who of ["0", "1"]) await project.publish(`v1.${who}.${round}`, signal);
  const requests = () => registry.requests().length;
  const contenders = [
    {
      name: "floe promote, no endpoint",
      side: "peer",
      run: (round: number) => startCommand(promote(round, "0")),
    },
    {
      name: "floe promote, with a collector",
      side: "floe",
      run: (round: number) => startCommand({ ...promote(round, "1"), env: watched }),
    },
  ] as const;
  const rows = await race(contenders, { rounds, requests });
  const sent = collector.spans.filter(({ name }) => name === "promote").length;
  if (sent !== rounds + 1) throw new Error(`the collector has got ${sent} promotions`);
  const loads = async (env: Readonly<Record<string, string>>): Promise<number> => {
    const list = join(cwd, "modules.txt");
    writeFileSync(list, "");
    const hook = `import { registerHooks } from "node:module"; import { appendFileSync } from "node:fs"; registerHooks({ load(url, context, next) { appendFileSync(${JSON.stringify(list)}, url + "\\n"); return next(url, context); } });`;
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(hook)}`;
    await startCommand({ ...floe(cwd, "platform", "status"), env: { ...env, NODE_OPTIONS } });
    return readFileSync(list, "utf8").match(/open-watched|opentelemetry/g)?.length ?? 0;
  };
  const [none, some] = [await loads({}), await loads(watched)];
  if (some === 0) throw new Error("what telemetry loads is not seen");
  return {
    rows,
    loaded: `  modules of telemetry that are loaded: ${none} without an endpoint, ${some} with one`,
  };
}
