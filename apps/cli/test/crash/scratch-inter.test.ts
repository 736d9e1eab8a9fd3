import { expect, test } from "vitest";
import { compose } from "../../src/compose.ts";
import { ledgerProblems } from "./judge.ts";
import { go, REPOSITORY, registryPlace } from "./place.ts";
import { readStored } from "./stored.ts";

const VERSIONS = ["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0", "v1.4.0", "v1.5.0"];
const silent = { info() {}, warn() {}, debug() {}, error() {}, progress() {} } as never;

test("x", { timeout: 600_000 }, async () => {
  await using place = await registryPlace({
    versions: VERSIONS,
    settings: { referrers: false, tagList: "unsorted" },
  });
  const empty = place.save();
  const open = () =>
    compose({
      manifestPath: `${place.dir}/manifest.yaml`,
      registry: undefined,
      key: undefined,
      writes: true,
      installed: [],
      env: {},
      cwd: place.dir,
      version: "0",
      logger: silent,
      ...go,
    } as never);
  const tally: Record<string, number> = {};
  const bad: string[] = [];
  const rounds = Number(process.env["ROUNDS"] ?? 40);
  for (let round = 0; round < rounds; round++) {
    empty();
    for (const [p, ms] of [
      [0.1, 40],
      [0.2, 12],
      [0.4, 4],
    ] as const)
      place.registry.faults.add({
        match: () => Math.random() < p,
        action: { kind: "delay", milliseconds: ms },
        times: 1e9,
      });
    const written = new Map<string, string>();
    place.registry.configure({
      onWrite({ phase, path }) {
        const tag = path.slice(path.lastIndexOf("/") + 1);
        if (phase === "after" && tag.startsWith("floe-ev."))
          written.set(tag, place.registry.tags(REPOSITORY)[tag] ?? "");
      },
    });
    const results = await Promise.all(
      VERSIONS.map(async (version) => {
        const c = await open();
        await new Promise((r) => setTimeout(r, Math.random() * 60));
        try {
          const out = await c.floe.promote(
            { version, to: "dev", waitMs: process.env["WAIT"] ? 60000 : 0 },
            go,
          );
          return out.kind === "blocked"
            ? out.blocking.map((b) => `${b.code} ${b.message}`).join()
            : out.kind;
        } catch (e) {
          return `${(e as { code?: string }).code} ${(e as Error).message}`;
        } finally {
          await c[Symbol.asyncDispose]();
        }
      }),
    );
    place.registry.faults.clear();
    const problems = results.flatMap((r, i) =>
      r === "done" || r.startsWith("FLOE_PROMOTION_BUSY") ? [] : [`${VERSIONS[i]}: ${r}`],
    );
    for (const r of results) {
      const k = r.split(" ")[0]!;
      tally[k] = (tally[k] ?? 0) + 1;
    }
    const stored = await readStored(place);
    const events = stored.events["dev"] ?? [];
    for (const [tag, digest] of written)
      if (stored.tags[tag] !== digest) problems.push(`${tag} lost`);
    problems.push(...ledgerProblems(stored));
    const reader = await open();
    try {
      const [row] = await reader.floe.status({ environment: "dev" }, go);
      if (row?.drift) problems.push(`drift ${JSON.stringify(row.drift)}`);
      if (row?.openIntent) problems.push("open intent");
      const succ = events
        .filter((e) => e.kind === "outcome" && e.result === "succeeded")
        .map((e) => e.version);
      const dones = VERSIONS.filter((_, i) => results[i] === "done");
      if (JSON.stringify([...succ].sort()) !== JSON.stringify(dones))
        problems.push(`succeeded ${succ} done ${dones}`);
      if (row?.digest !== (stored.tags["latest-dev"] ?? null))
        problems.push("status differs from latest");
      await reader.floe.history({ environment: "dev" }, go);
    } catch (e) {
      problems.push(`reader: ${(e as Error).message}`);
    }
    await reader[Symbol.asyncDispose]();
    if (problems.length) {
      bad.push(
        `round ${round}: ${events.map((e) => `${e.seq}${e.kind}:${e.result ?? ""}`).join(" ")}\n   ${problems.join("\n   ").slice(0, 1500)}`,
      );
    }
  }
  console.log(JSON.stringify(tally));
  console.log(`${bad.length} of ${rounds} rounds bad\n${bad.slice(0, 6).join("\n")}`);
  expect(bad.length).toBe(0);
});
