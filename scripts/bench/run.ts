// pnpm bench [--quick]: floe and its peers in turn on this machine. Prints times, and beside them which budgets were met;
// it never fails for one that was not.
import { mkdirSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measureChain } from "./chain.ts";
import { raceCopy } from "./copy.ts";
import { measureStores, raceLedgerStatus } from "./ledger.ts";
import { measureMemory } from "./memory.ts";
import { racePolicies } from "./policies.ts";
import { racePromote } from "./promote.ts";
import { raceLedgers } from "./promote-by-ledger.ts";
import { measureScan } from "./scan.ts";
import { raceStartUp } from "./start-up.ts";
import { raceStatus } from "./status.ts";
import { renderTable } from "./table.ts";
import { measureTests } from "./tests.ts";
import { raceList, raceTags, raceTransfer } from "./transfer.ts";
import { measureVerdicts, raceVerify } from "./verify.ts";

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const rounds = Number(process.env["BENCH_ROUNDS"] ?? (values.quick ? 3 : 11));
if (!Number.isInteger(rounds) || rounds < 1) throw new Error("BENCH_ROUNDS must be 1 or more");
const events = values.quick ? 1000 : 10_000;
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
const { signal } = stop;

await using folder = await mkdtempDisposable(join(tmpdir(), "floe-bench-"));
const section = (name: string): string => {
  const path = join(folder.path, name);
  mkdirSync(path);
  return path;
};

const within = (row: string, most: number) => ({ kind: "milliseconds", row, most }) as const;
const load = loadavg()[0]?.toFixed(1);
console.log(`Node.js ${process.versions.node}, ${availableParallelism()} cores, load ${load}\n`);
console.log(`${renderTable("Start-up", await raceStartUp(section("start-up"), rounds))}\n`);
const folders = { few: section("few"), many: section("many") };
const status = await raceStatus(folders, { rounds, events, signal });
const seen = within(`floe status, ${events} events`, 300);
console.log(`${renderTable("Status of five environments in a folder", status, [seen])}\n`);
const stored = await measureStores(section("stores"), values.quick ? 200 : 2000, signal);
console.log(`${renderTable("Ledgers of events of 1.9 KB, each durable", stored)}\n`);
const held = values.quick ? 500 : 10_000;
const boards = await raceLedgerStatus(section("ledger"), { rounds, events: held, signal });
const quick = {
  kind: "milliseconds",
  row: `floe platform status, ${held} events in SQLite`,
  most: 300,
} as const;
console.log(
  `${renderTable("Status of five environments with the ledger in SQLite", boards, [quick])}\n`,
);
const ledgers = await raceLedgers(section("ledgers"), { rounds, signal });
console.log(`${renderTable("A promotion on docker-registry, by where its ledger is", ledgers)}\n`);
const length = values.quick ? 5000 : 50_000;
const chained = await measureChain(length, rounds, signal);
const fast = within(`links and root of ${length} events`, length / 50);
console.log(`${renderTable("Verifying a chain, in process", chained, [fast])}\n`);
const promotion = await racePromote(section("promote"), { rounds, signal });
const atMost = (most: number, row: string, of: string) =>
  ({ kind: "time", row, of, most }) as const;
const promoted = atMost(
  1,
  "floe platform promote",
  "cosign verify, crane tag \u00d7 2, cosign attest",
);
const asked = { kind: "most-requests", row: "floe platform promote", most: 32 } as const;
console.log(`${renderTable("A promotion on docker-registry", promotion, [promoted, asked])}\n`);
const fewer = {
  kind: "requests",
  row: "floe artifact copy",
  below: ["crane copy", "oras cp"],
} as const;
const copy = await raceCopy(section("copy"), { rounds, mount: false, signal });
const copied = [atMost(1.3, "floe artifact copy", "oras cp"), fewer];
console.log(
  `${renderTable("A copy of 8 \u00d7 6.25 MiB between two docker-registries", copy, copied)}\n`,
);
const mount = await raceCopy(section("mount"), { rounds, mount: true, signal });
const mounted = [atMost(1, "floe artifact copy", "oras cp"), fewer];
console.log(`${renderTable("The same copy within one docker-registry", mount, mounted)}\n`);
const { push, pull } = await raceTransfer(section("transfer"), { rounds, signal });
const pushed = [atMost(1.3, "floe artifact push", "oras push")];
console.log(`${renderTable("Pushing 8 \u00d7 6.25 MiB to docker-registry", push, pushed)}\n`);
const pulled = [atMost(1.3, "floe artifact pull", "oras pull")];
console.log(`${renderTable("Pulling 8 \u00d7 6.25 MiB from docker-registry", pull, pulled)}\n`);
const tags = await raceTags(section("tags"), { rounds, signal });
const tagged = [atMost(1, "floe, in process", "oras tag, process")];
console.log(`${renderTable("Resolving a tag and setting two on docker-registry", tags, tagged)}\n`);
const judged = await measureVerdicts(values.quick ? 50 : 300, signal);
const verdicts = [within("by key", 1), within("keyless: log and timestamp", 12)];
console.log(`${renderTable("Verifying one bundle, in process", judged, verdicts)}\n`);
const scanned = await measureScan(rounds, signal);
const inTime = [within("judge 4 MB of Grype", 300)];
console.log(`${renderTable("Judging a security scan, in process", scanned, inTime)}\n`);
const counted = await measureTests(section("tests"), { rounds, signal });
const half = [
  within("judge 12 MB of JUnit XML", 500),
  within("the same, in a process that has just begun", 500),
];
console.log(renderTable("Judging test reports, in process", counted.rows, half));
console.log(`${counted.memory}\n`);
const rules = await racePolicies(section("policies"), { rounds, signal });
const soon = [
  within("4 rules, secrets among them", 500),
  within("the same and an expression", 500),
  within("these five, in a process that has just begun", 500),
];
console.log(`${renderTable("Judging 500 components by policies, in process", rules, soon)}\n`);
const verified = await raceVerify(section("verify"), { rounds, signal });
const asFast = [
  atMost(1, "floe artifact verify, key", "cosign verify, key"),
  atMost(1, "floe artifact verify, keyless", "cosign verify, keyless"),
];
console.log(`${renderTable("Verifying an artifact on docker-registry", verified, asFast)}\n`);
const list = await raceList(section("list"), { rounds: Math.min(rounds, 5), signal });
console.log(`${renderTable("Listing 10 000 tags", list)}\n`);
const bytes = (values.quick ? 0.25 : 4) * 1024 ** 3;
console.log(await measureMemory(section("memory"), { bytes, signal }));
