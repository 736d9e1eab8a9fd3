import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startDockerRegistry, startPostgres, startPostgresProxy, startS3 } from "@floe/testing";
import { floe, startCommand } from "./command.ts";
import { makeProject } from "./make-project.ts";
import { type Measured, median } from "./race.ts";

/**
 * The same promotion with its ledger in the registry, in SQLite, in PostgreSQL and in S3 (a server within this process), as a command on
 * docker-registry. Besides requests to the registry, what the store is asked is counted.
 */
export async function raceLedgers(
  folder: string,
  { rounds, signal }: { readonly rounds: number; readonly signal: AbortSignal },
): Promise<Measured[]> {
  await using registry = await startDockerRegistry({ signal });
  await using cluster = await startPostgres({ signal });
  await using proxy = await startPostgresProxy(cluster.port);
  await using s3 = await startS3();
  const bucket = { endpoint: s3.endpoint, credentials_ref: "file:s3.keys" };
  const url = cluster.url.replace(/:\d+\//, `:${proxy.port}/`);
  const places = [
    { name: "the registry", audit: undefined },
    { name: "SQLite", audit: { backend: "database" } },
    {
      name: "PostgreSQL",
      audit: { backend: "database", database_url: url },
      asked: () => proxy.statements(),
      unit: "statements",
    },
    {
      name: "S3",
      audit: { backend: "s3", s3_bucket: s3.bucket, with: bucket },
      asked: () => s3.requests.length,
      unit: "requests",
    },
  ].map(({ name, audit, asked = () => 0, unit = "" }, index) => ({
    name,
    times: [] as number[],
    requests: [] as number[],
    questions: [] as number[],
    asked,
    unit,
    project: makeProject(
      join(folder, String(index)),
      `oci://${registry.host}/bench/${index}`,
      audit,
    ),
  }));
  for (const index of places.keys())
    writeFileSync(
      join(folder, String(index), "s3.keys"),
      `${s3.accessKeyId}:${s3.secretAccessKey}`,
    );
  // The first round begins the ledgers, and is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    for (const offset of places.keys()) {
      const place = places[(round + offset) % places.length];
      if (!place) continue;
      const version = `v1.0.${round}`;
      await place.project.publish(version, signal);
      const before = { requests: registry.requests().length, questions: place.asked() };
      const begun = performance.now();
      // Not in the way of the proxy, which is in this process.
      await startCommand(floe(place.project.cwd, "promote", version, "--to", "dev", "--quiet"));
      const time = performance.now() - begun;
      if (round === 0) continue;
      place.times.push(time);
      place.requests.push(registry.requests().length - before.requests);
      place.questions.push(place.asked() - before.questions);
    }
  }
  const ascending = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);
  return places.map(({ name, times, requests, questions, unit }) => ({
    name: unit === "" ? name : `${name}, and ${median(ascending(questions))} ${unit} to it`,
    side: "floe",
    times: ascending(times),
    requests: median(ascending(requests)),
  }));
}
