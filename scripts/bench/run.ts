// pnpm bench [SECTION...]: floe and its peers in turn on this machine. Prints times, and beside them which budgets were met;
// it never fails for one that was not. What could not be measured is named at the end, and makes it fail.
import { mkdtempDisposable, rm } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { folderIn, SECTIONS } from "./sections.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
const width = Math.max(...SECTIONS.map(({ name }) => name.length));
const list = SECTIONS.map(({ name, about }) => `  ${name.padEnd(width)}  ${about}`).join("\n");
const unknown = positionals.filter((name) => !SECTIONS.some((section) => section.name === name));
if (values.list) {
  console.log(list);
  process.exit(0);
}
if (values.help) {
  console.log(`pnpm bench [--quick] [SECTION...]

Measures floe beside its peers on this machine. Without sections, all of them:
${list}

  --quick  fewer rounds and smaller data, to see whether it works
  --list   prints the sections
BENCH_ROUNDS sets the number of rounds (11; 3 with --quick).
Ends with 1 when something could not be measured, never for a budget that was not met.`);
  process.exit(0);
}
if (unknown.length > 0) {
  console.error(`there is no section ${unknown.join(", ")}; these are:\n${list}`);
  process.exit(2);
}
const rounds = Number(process.env["BENCH_ROUNDS"] ?? (values.quick ? 3 : 11));
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error("BENCH_ROUNDS must be 1 or more");
  process.exit(2);
}

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
const failed: string[] = [];

async function tryTo(what: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    stop.signal.throwIfAborted();
    failed.push(what);
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    console.error(`${what} could not be measured: ${why}\n`);
  }
}

const load = loadavg()[0]?.toFixed(1);
console.log(`Node.js ${process.versions.node}, ${availableParallelism()} cores, load ${load}\n`);
await using temporary = await mkdtempDisposable(join(tmpdir(), "floe-bench-"));
const begun = performance.now();
for (const { name, run } of SECTIONS) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const started = performance.now();
  const path = folderIn(temporary.path)(name);
  await tryTo(name, () =>
    run({
      quick: values.quick,
      rounds,
      signal: stop.signal,
      folder: folderIn(path),
      print: (text) => console.log(`${text}\n`),
      part: (part, work) => tryTo(`${name}: ${part}`, work),
    }),
  );
  // A ledger of a million events has two gigabytes.
  await rm(path, { recursive: true, force: true });
  console.log(`(${name}: ${secondsSince(started)} s)\n`);
}
const loadAfter = loadavg()[0]?.toFixed(1);
console.log(`${secondsSince(begun)} s in all, load ${loadAfter} at the end`);
if (failed.length > 0) {
  console.error(`could not be measured: ${failed.join("; ")}`);
  process.exitCode = 1;
}

function secondsSince(moment: number): string {
  return ((performance.now() - moment) / 1000).toFixed(0);
}
