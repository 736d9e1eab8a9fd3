import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Run } from "../bed/floe.ts";
import { holdWrite } from "./hold-write.ts";
import { described, done, ledgerProblems } from "./judge.ts";
import { folderPlace, type Place, type RegistryPlace, registryPlace } from "./place.ts";
import { readStored } from "./stored.ts";

// Waits until it is ended, unless the file `pass` is there, and starts a process of its own that does the same.
const SLOW_GATE = `
import { spawn } from "node:child_process";
import { existsSync, writeFileSync, renameSync } from "node:fs";
if (existsSync("pass")) process.exit(0);
const child = spawn("sleep", ["600"]);
writeFileSync("pids.new", process.pid + " " + child.pid);
renameSync("pids.new", "pids");
process.on("SIGTERM", () => {});
setInterval(() => {}, 1000);
`;

const SLOW = {
  versions: ["v1.0.0"],
  environments: [{ name: "dev", gates: { policy_compliance: true, slow: true } }],
  gateCommands: { slow: { command: ["node", "slow.mjs"] } },
};

/** A run that stands still at one of its writes until it is let go. */
interface Held {
  readonly pid: number;
  readonly run: Promise<Run>;
  readonly letGo: () => void;
}

/** Starts floe and waits until it sends the first write whose path matches. */
async function heldAt(place: RegistryPlace, path: RegExp, ...args: string[]): Promise<Held> {
  const write = holdWrite(place, path, 1);
  let pid = 0;
  let held = false;
  const started = (child: number): void => {
    pid = child;
  };
  const run = place.runWith({ started }, ...args);
  const early = run.then((ended) => {
    if (!held) throw new Error(`it never came to ${path.source}: ${described(ended)}`);
  });
  await Promise.race([write.reached, early]);
  held = true;
  return { pid, run, letGo: write.letGo };
}

async function until(there: () => boolean): Promise<void> {
  while (!there()) await sleep(20);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

describe("an interrupt while a gate runs", () => {
  test.for([
    ["SIGINT", "a folder"],
    ["SIGTERM", "a folder"],
    ["SIGINT", "a registry"],
  ] as const)(
    "by %s ends the gate with all its processes and writes nothing to %s",
    async ([signal, where]) => {
      await using place: Place = await (where === "a folder" ? folderPlace : registryPlace)(SLOW);
      writeFileSync(join(place.dir, "slow.mjs"), SLOW_GATE);
      const before = await readStored(place);
      let pid = 0;
      const run = place.runWith(
        {
          started: (child) => {
            pid = child;
          },
        },
        ...["promote", "v1.0.0", "--to", "dev", "-o", "json"],
      );
      await until(() => existsSync(join(place.dir, "pids")));
      process.kill(pid, signal);
      const ended = await run;
      expect(ended.code).toBe(130);
      expect(ended.json).toMatchObject({
        success: false,
        error: { code: "FLOE_INTERRUPTED", exit_code: 130 },
      });
      const pids = readFileSync(join(place.dir, "pids"), "utf8").split(" ").map(Number);
      expect(pids.filter(isAlive)).toEqual([]);
      expect(await readStored(place)).toEqual(before);

      writeFileSync(join(place.dir, "pass"), "");
      await done(place, "promote", "v1.0.0", "--to", "dev");
    },
  );
});

describe("an interrupt while tags are written", () => {
  test("closes the promotion as aborted before its commit point, and the next run promotes", async () => {
    await using place = await registryPlace({
      versions: ["v1.0.0"],
      settings: { referrers: false },
    });
    const held = await heldAt(place, /manifests\/floe-rec\./, "promote", "v1.0.0", "--to", "dev");
    process.kill(held.pid, "SIGTERM");
    expect((await held.run).code).toBe(130);
    held.letGo();
    const stored = await readStored(place);
    expect(stored.events["dev"]?.map(({ kind, result }) => [kind, result])).toEqual([
      ["genesis", null],
      ["intent", null],
      ["outcome", "aborted"],
    ]);
    expect(stored.tags["v1.0.0-dev"]).toBeUndefined();
    expect(stored.tags["latest-dev"]).toBeUndefined();

    await done(place, "promote", "v1.0.0", "--to", "dev");
    const end = await readStored(place);
    expect(end.tags["latest-dev"]).toBe(end.tags["v1.0.0"]);
    expect(ledgerProblems(end)).toEqual([]);
  });

  test("stops nothing after the commit point", async () => {
    await using place = await registryPlace({ versions: ["v1.0.0"] });
    const held = await heldAt(place, /manifests\/latest-dev$/, "promote", "v1.0.0", "--to", "dev");
    process.kill(held.pid, "SIGINT");
    // The signal is handled before anything that is asked of the process later on.
    await sleep(200);
    held.letGo();
    const run = await held.run;
    expect(described(run)).toContain("exit code 0");
    const end = await readStored(place);
    expect(end.tags["latest-dev"]).toBe(end.tags["v1.0.0"]);
    expect(end.events["dev"]?.at(-1)).toMatchObject({ kind: "outcome", result: "succeeded" });
    expect(ledgerProblems(end)).toEqual([]);
  });
});

describe("a promotion that is under way in a living process", () => {
  test.for([true, false])(
    "keeps others out until it ends, or they wait for it (referrers API: %s)",
    async (referrers) => {
      await using place = await registryPlace({
        versions: ["v1.0.0", "v1.1.0", "v1.2.0"],
        settings: { referrers },
      });
      const held = await heldAt(place, /manifests\/floe-rec\./, "promote", "v1.0.0", "--to", "dev");
      const busy = await place.run("promote", "v1.1.0", "--to", "dev", "-o", "json");
      expect(busy.code).toBe(7);
      expect(busy.json).toMatchObject({ success: false, error: { code: "FLOE_PROMOTION_BUSY" } });
      const reconciled = await place.run("platform", "reconcile", "--env", "dev");
      expect(reconciled.code).toBe(7);

      const waiting = place.run("promote", "v1.2.0", "--to", "dev", "--wait", "5m");
      held.letGo();
      expect((await held.run).code).toBe(0);
      expect(described(await waiting)).toContain("exit code 0");
      const end = await readStored(place);
      expect(end.tags["latest-dev"]).toBe(end.tags["v1.2.0"]);
      expect(end.tags["v1.1.0-dev"]).toBeUndefined();
      expect(ledgerProblems(end)).toEqual([]);
    },
  );
});
