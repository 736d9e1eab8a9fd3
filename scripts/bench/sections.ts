import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { measureChain } from "./chain.ts";
import { raceCopy } from "./copy.ts";
import { measureLargeLedger, raceLedgerStatus } from "./ledger.ts";
import { measureMemory } from "./memory.ts";
import { racePolicies } from "./policies.ts";
import { racePromote } from "./promote.ts";
import { raceLedgers } from "./promote-by-ledger.ts";
import { measureScan } from "./scan.ts";
import { raceStartUp } from "./start-up.ts";
import { raceStatus } from "./status.ts";
import { LEDGER_STORES } from "./stores.ts";
import { renderTable } from "./table.ts";
import { raceTelemetry } from "./telemetry.ts";
import { measureTests } from "./tests.ts";
import { raceList, raceTags, raceTransfer } from "./transfer.ts";
import { measureVerdicts, raceVerify } from "./verify.ts";

/** What a section is run with. */
export interface Bench {
  /** Fewer and smaller, to see whether it works. */
  readonly quick: boolean;
  readonly rounds: number;
  readonly signal: AbortSignal;
  /** Makes an empty folder of the section's own. */
  readonly folder: (name: string) => string;
  readonly print: (text: string) => void;
  /** Runs a part that the others do not need, and notes it by name when it fails. */
  readonly part: (name: string, run: () => Promise<void>) => Promise<void>;
}

/** Something that can be measured by itself. */
export interface Section {
  readonly name: string;
  readonly about: string;
  readonly run: (bench: Bench) => Promise<void>;
}

const within = (row: string, most: number) => ({ kind: "milliseconds", row, most }) as const;
const atMost = (most: number, row: string, of: string) =>
  ({ kind: "time", row, of, most }) as const;
const fewer = {
  kind: "requests",
  row: "floe artifact copy",
  below: ["crane copy", "oras cp"],
} as const;

/** All sections, in the order in which they run. */
export const SECTIONS: readonly Section[] = [
  {
    name: "start-up",
    about: "what it takes to start",
    async run({ folder, rounds, print }) {
      print(renderTable("Start-up", await raceStartUp(folder("start-up"), rounds)));
    },
  },
  {
    name: "status",
    about: "status of five environments, in a folder and in SQLite",
    async run({ folder, rounds, signal, quick, print }) {
      const events = quick ? 1000 : 10_000;
      const folders = { few: folder("few"), many: folder("many") };
      const status = await raceStatus(folders, { rounds, events, signal });
      const seen = within(`floe status, ${events} events`, 300);
      print(renderTable("Status of five environments in a folder", status, [seen]));
      const boards = await raceLedgerStatus(folder("boards"), { rounds, events, signal });
      const row = within(`floe platform status, ${events} events in SQLite`, 300);
      print(renderTable("Status of five environments with the ledger in SQLite", boards, [row]));
    },
  },
  {
    name: "stores",
    about: "single durable appends and lists on every backend of ledgers",
    async run({ folder, signal, quick, print, part }) {
      for (const [index, store] of LEDGER_STORES.entries())
        await part(store.name, async () => {
          const count = quick ? 100 : 300;
          const rows = await store.measure(folder(`store-${index}`), { count, signal });
          print(renderTable(`A ledger in ${store.name}, each event durable`, rows));
        });
    },
  },
  {
    name: "large-ledgers",
    about: "ledgers of 100 000 and of a million events in SQLite",
    async run({ folder, rounds, signal, quick, print, part }) {
      for (const events of quick ? [10_000, 100_000] : [100_000, 1_000_000])
        await part(`${events} events`, async () => {
          const { rows, bytes, seconds } = await measureLargeLedger(
            folder(`ledger-${events}`),
            events,
            {
              ...{ rounds, signal },
            },
          );
          print(
            renderTable(`A ledger of ${events} events in SQLite`, rows, [
              within("store: newest 50", 5),
              within("floe: list 20 by digest, signatures checked", 20),
            ]),
          );
          print(
            `  made in one transaction in ${seconds.toFixed(0)} s: real hashes, ${bytes} bytes each; only the events that queries read are signed by themselves`,
          );
        });
    },
  },
  {
    name: "ledgers",
    about: "a promotion by where its ledger is, with requests",
    async run({ folder, rounds, signal, print }) {
      const ledgers = await raceLedgers(folder("ledgers"), { rounds, signal });
      print(renderTable("A promotion on docker-registry, by where its ledger is", ledgers));
    },
  },
  {
    name: "chain",
    about: "verifying the links of a chain, and apart from them signatures",
    async run({ rounds, signal, quick, print }) {
      const length = quick ? 5000 : 50_000;
      const chained = await measureChain(length, rounds, signal);
      const fast = within(`links and root of ${length} events`, length / 50);
      print(renderTable("Verifying a chain, in process", chained, [fast]));
    },
  },
  {
    name: "promote",
    about: "a promotion beside cosign and crane",
    async run({ folder, rounds, signal, print }) {
      const promotion = await racePromote(folder("promote"), { rounds, signal });
      const row = "floe platform promote";
      const promoted = atMost(1, row, "cosign verify, crane tag \u00d7 2, cosign attest");
      const asked = { kind: "most-requests", row, most: 32 } as const;
      print(renderTable("A promotion on docker-registry", promotion, [promoted, asked]));
    },
  },
  {
    name: "telemetry",
    about: "a promotion with a collector and without",
    async run({ folder, rounds, signal, print }) {
      const { rows, loaded } = await raceTelemetry(folder("telemetry"), { rounds, signal });
      print(`${renderTable("A promotion on docker-registry, watched and not", rows)}\n${loaded}`);
    },
  },
  {
    name: "copy",
    about: "copies between registries and within one, beside crane and oras",
    async run({ folder, rounds, signal, print }) {
      const copy = await raceCopy(folder("copy"), { rounds, mount: false, signal });
      const copied = [atMost(1.3, "floe artifact copy", "oras cp"), fewer];
      print(renderTable("A copy of 8 \u00d7 6.25 MiB between two docker-registries", copy, copied));
      const mount = await raceCopy(folder("mount"), { rounds, mount: true, signal });
      const mounted = [atMost(1, "floe artifact copy", "oras cp"), fewer];
      print(renderTable("The same copy within one docker-registry", mount, mounted));
    },
  },
  {
    name: "transfer",
    about: "pushing, pulling and tagging, beside oras",
    async run({ folder, rounds, signal, print }) {
      const { push, pull } = await raceTransfer(folder("transfer"), { rounds, signal });
      const pushed = [atMost(1.3, "floe artifact push", "oras push")];
      print(renderTable("Pushing 8 \u00d7 6.25 MiB to docker-registry", push, pushed));
      const pulled = [atMost(1.3, "floe artifact pull", "oras pull")];
      print(renderTable("Pulling 8 \u00d7 6.25 MiB from docker-registry", pull, pulled));
      const tags = await raceTags(folder("tags"), { rounds, signal });
      const tagged = [atMost(1, "floe, in process", "oras tag, process")];
      print(renderTable("Resolving a tag and setting two on docker-registry", tags, tagged));
    },
  },
  {
    name: "gates",
    about: "judging bundles, scans, test reports and policies, in process",
    async run({ folder, rounds, signal, quick, print }) {
      const judged = await measureVerdicts(quick ? 50 : 300, signal);
      const verdicts = [within("by key", 1), within("keyless: log and timestamp", 12)];
      print(renderTable("Verifying one bundle, in process", judged, verdicts));
      const scanned = await measureScan(rounds, signal);
      const inTime = [within("judge 4 MB of Grype", 300)];
      print(renderTable("Judging a security scan, in process", scanned, inTime));
      const counted = await measureTests(folder("tests"), { rounds, signal });
      const half = [
        within("judge 12 MB of JUnit XML", 500),
        within("the same, in a process that has just begun", 500),
      ];
      const tests = renderTable("Judging test reports, in process", counted.rows, half);
      print(`${tests}\n${counted.memory}`);
      const rules = await racePolicies(folder("policies"), { rounds, signal });
      const soon = [
        within("4 rules, secrets among them", 500),
        within("the same and an expression", 500),
        within("these five, in a process that has just begun", 500),
      ];
      print(renderTable("Judging 500 components by policies, in process", rules, soon));
    },
  },
  {
    name: "verify",
    about: "verifying an artifact, beside cosign",
    async run({ folder, rounds, signal, print }) {
      const verified = await raceVerify(folder("verify"), { rounds, signal });
      const asFast = [
        atMost(1, "floe artifact verify, key", "cosign verify, key"),
        atMost(1, "floe artifact verify, keyless", "cosign verify, keyless"),
      ];
      print(renderTable("Verifying an artifact on docker-registry", verified, asFast));
    },
  },
  {
    name: "list",
    about: "listing 10 000 tags, beside crane",
    async run({ folder, rounds, signal, print }) {
      const list = await raceList(folder("list"), { rounds: Math.min(rounds, 5), signal });
      print(renderTable("Listing 10 000 tags", list));
    },
  },
  {
    name: "memory",
    about: "memory of pushing and pulling one file of 4 GiB",
    async run({ folder, signal, quick, print }) {
      const bytes = (quick ? 0.25 : 4) * 1024 ** 3;
      print(await measureMemory(folder("memory"), { bytes, signal }));
    },
  },
];

/** Makes a folder within another. */
export function folderIn(path: string): (name: string) => string {
  return (name) => {
    const made = join(path, name);
    mkdirSync(made);
    return made;
  };
}
