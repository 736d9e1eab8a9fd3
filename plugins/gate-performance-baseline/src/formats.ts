import type { ReadReport } from "./performance-report.ts";
import { type Fields, isFields } from "./read-fields.ts";
import { isAb, isAbCsv, readAb, readAbCsv } from "./readers/read-ab.ts";
import { readAutocannon } from "./readers/read-autocannon.ts";
import { readGeneric } from "./readers/read-generic.ts";
import { isGoBench, readGoBench } from "./readers/read-go-bench.ts";
import { readGoogleBenchmark } from "./readers/read-google-benchmark.ts";
import { isHeyCsv, isHeyText, readHeyCsv, readHeyText } from "./readers/read-hey.ts";
import { readHyperfine } from "./readers/read-hyperfine.ts";
import { readJmh } from "./readers/read-jmh.ts";
import { readK6 } from "./readers/read-k6.ts";
import { readLighthouse, readLighthouseManifest } from "./readers/read-lighthouse.ts";
import { readOha } from "./readers/read-oha.ts";
import { readPytestBenchmark } from "./readers/read-pytest-benchmark.ts";
import { readVegeta } from "./readers/read-vegeta.ts";
import { readVitestBench } from "./readers/read-vitest-bench.ts";
import { isWrk, readWrk } from "./readers/read-wrk.ts";

/** A format: how it is known by its content, and how it is read. Two rows may have one name, for its dialects. */
export type Format = { readonly name: string } & (
  | {
      readonly kind: "object";
      readonly is: (report: Fields) => boolean;
      readonly read: (report: Fields) => ReadReport;
    }
  | {
      readonly kind: "list";
      readonly is: (report: readonly unknown[]) => boolean;
      readonly read: (report: readonly unknown[]) => ReadReport;
    }
  | {
      readonly kind: "text";
      readonly is: (report: string) => boolean;
      readonly read: (report: string) => ReadReport;
    }
);

const object = (
  name: string,
  is: (report: Fields) => boolean,
  read: (report: Fields) => ReadReport,
): Format => ({ name, kind: "object", is, read });
const list = (
  name: string,
  key: string,
  read: (report: readonly unknown[]) => ReadReport,
): Format => ({
  name,
  kind: "list",
  is: (report) => isFields(report[0]) && key in report[0],
  read,
});
const text = (
  name: string,
  is: (report: string) => boolean,
  read: (report: string) => ReadReport,
): Format => ({ name, kind: "text", is, read });
const inside = (value: unknown, key: string): boolean => isFields(value) && key in value;

/** All formats that are read. */
export const formats: readonly Format[] = [
  object("generic", (r) => "floe_performance" in r, readGeneric),
  object(
    "k6",
    (r) =>
      (isFields(r["metrics"]) &&
        ("root_group" in r || "state" in r || inside(r["metrics"], "iterations"))) ||
      (isFields(r["results"]) && Array.isArray(r["results"]["metrics"])),
    readK6,
  ),
  object("autocannon", (r) => inside(r["latency"], "p97_5") && "non2xx" in r, readAutocannon),
  object("vegeta", (r) => isFields(r["latencies"]) && "status_codes" in r, readVegeta),
  object("oha", (r) => isFields(r["summary"]) && "statusCodeDistribution" in r, readOha),
  object("hyperfine", (r) => Array.isArray(r["results"]), readHyperfine),
  object(
    "google-benchmark",
    (r) => isFields(r["context"]) && "benchmarks" in r,
    readGoogleBenchmark,
  ),
  object("pytest-benchmark", (r) => "machine_info" in r && "benchmarks" in r, readPytestBenchmark),
  object("vitest-bench", (r) => Array.isArray(r["files"]), readVitestBench),
  object("lighthouse", (r) => "lighthouseVersion" in r, readLighthouse),
  list("lighthouse", "isRepresentativeRun", readLighthouseManifest),
  list("jmh", "benchmark", readJmh),
  text("wrk", isWrk, readWrk),
  text("hey", isHeyCsv, readHeyCsv),
  text("hey", isHeyText, readHeyText),
  text("ab", isAb, readAb),
  text("ab", isAbCsv, readAbCsv),
  text("go-bench", isGoBench, readGoBench),
];

/** Names that a report's `format` may have besides `auto`. */
export const formatNames: readonly string[] = [...new Set(formats.map(({ name }) => name))];
