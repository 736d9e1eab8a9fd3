import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A metric as it must be read: value and number of samples, in the unit that floe uses. */
export type Metric = readonly [name: string, value: number, samples: number];

/** What must be read from a report, by the collection's own description of it. */
export interface Expected {
  readonly format: string;
  readonly metrics: readonly Metric[];
  readonly requests?: number;
  readonly failed?: number | null;
  readonly seconds?: number;
  /** Of the gate with default settings and no baseline; a pattern: it throws. */
  readonly verdict: "warning" | "failed" | RegExp;
}

const SHARED = fileURLToPath(new URL("../../../../shared/data/reports", import.meta.url));
export const isSharedPresent = existsSync(SHARED);
export const reportFolder = SHARED;

const NS = 1e-6;
const US = 1e-3;

/** The files from which measurements can be read. */
export const readable: Readonly<Record<string, Expected>> = {
  "ab/length-differs.txt": {
    ...{ format: "ab", requests: 200, failed: 0, seconds: 0.024, verdict: "warning" },
    metrics: [
      ["requests_per_second", 8247.76, 0],
      ["latency.mean", 0.485, 0],
      ["latency.p95", 1, 0],
    ],
  },
  "ab/ok.csv": {
    ...{ format: "ab", verdict: "warning" },
    metrics: [
      ["latency.p50", 0.446, 0],
      ["latency.p90", 0.705, 0],
      ["latency.p95", 0.839, 0],
      ["latency.p99", 1.413, 0],
      ["latency.max", 1.567, 0],
    ],
  },
  "ab/ok.txt": {
    ...{ format: "ab", requests: 200, failed: 0, seconds: 0.027, verdict: "warning" },
    metrics: [
      ["requests_per_second", 7507.23, 0],
      ["latency.mean", 0.533, 0],
      ["latency.p95", 1, 0],
    ],
  },
  "autocannon/5xx.json": {
    ...{ format: "autocannon", requests: 79758, failed: 15951, seconds: 2.01 },
    verdict: /15951 of 79758 requests failed \(20 %, max_error_rate: 1 %\)/,
    metrics: [
      ["requests_per_second", 39872, 0],
      ["latency.p97_5", 0, 0],
      ["latency.mean", 0.01, 0],
    ],
  },
  "autocannon/ok.json": {
    ...{ format: "autocannon", requests: 1587, failed: 0, seconds: 3.01, verdict: "warning" },
    metrics: [
      ["latency.p50", 15, 0],
      ["latency.p90", 23, 0],
      ["latency.p97_5", 24, 0],
      ["latency.mean", 14.57, 0],
      ["requests_per_second", 529, 0],
    ],
  },
  "go-bench/odd-spacing.txt": {
    ...{ format: "go-bench", verdict: "warning" },
    metrics: [
      ["BenchmarkFib10-8", 325 * NS, 1],
      ["BenchmarkFib20", 40537.123 * NS, 1],
      ["BenchmarkFib/my_tabled_benchmark_-_10-8", 325 * NS, 1],
      ["BenchmarkFib/my_tabled_benchmark_-_20", 40537.123 * NS, 1],
      ["BenchmarkFib/my/tabled/benchmark_-_20", 40537.456 * NS, 1],
      ["BenchmarkFib/my/tabled/benchmark_-_20,var1=13,var2=14", 40537.456 * NS, 1],
      ["BenchmarkFib11-16", 262.7 * NS, 1],
      ["BenchmarkFib22-16", 31915 * NS, 1],
      ["BenchmarkFib22-16 auxMetricUnits", 4, 1],
    ],
  },
  "go-bench/pair-baseline.txt": {
    ...{ format: "go-bench", verdict: "warning" },
    metrics: [
      ["BenchmarkJoin-2", 677.3 * NS, 10],
      ["BenchmarkSame-2", 655.1 * NS, 10],
    ],
  },
  "go-bench/pair-candidate.txt": {
    ...{ format: "go-bench", verdict: "warning" },
    metrics: [
      ["BenchmarkJoin-2", 1338.5 * NS, 10],
      ["BenchmarkJoin-2 B/op", 3320, 10],
      ["BenchmarkJoin-2 allocs/op", 9, 10],
      ["BenchmarkSame-2", 686.05 * NS, 10],
    ],
  },
  "go-bench/quotes-in-names.txt": {
    ...{ format: "go-bench", verdict: "warning" },
    metrics: [
      ['Benchmark_Ctx_Accepts/run-[]string{".xml"}-4', 247.6 * NS, 1],
      ['Benchmark_Ctx_Accepts/run-[]string{"json",_"xml"}-4', 307.1 * NS, 1],
      [
        'Benchmark_Ctx_Accepts/run-[]string{"application/json",_"application/xml"}-4',
        316.1 * NS,
        1,
      ],
      ["Benchmark_Utils_GetOffer/mime_extension#01-4", 390.7 * NS, 1],
      ["Benchmark_Utils_GetOffer/mime_extension#02-4", 602.1 * NS, 1],
      ["Benchmark_Utils_GetOffer/mime_extension#03-4", 286.3 * NS, 1],
    ],
  },
  "go-bench/six-counts.txt": {
    ...{ format: "go-bench", verdict: "warning" },
    metrics: [
      ["BenchmarkX-2", 25.08 * NS, 6],
      ["BenchmarkY-2", 0.2477 * NS, 6],
    ],
  },
  "google-benchmark/fib.json": {
    ...{ format: "google-benchmark", verdict: "warning" },
    metrics: [
      ["fib_10", 214.98980114547953 * NS, 1],
      ["fib_20", 27455.600415007055 * NS, 1],
    ],
  },
  "google-benchmark/test1-run1.json": {
    ...{ format: "google-benchmark", verdict: "warning" },
    metrics: [
      ["BM_SameTimes", 10 * NS, 1],
      ["BM_2xSlower", 50 * NS, 1],
      ["BM_100xFaster", 10000 * NS, 1],
      ["BM_NotBadTimeUnit", 400, 1],
      ["BM_DifferentTimeUnit", 1000, 1],
      ["BM_hasLabel", 1000, 1],
    ],
  },
  "google-benchmark/test1-run2.json": {
    ...{ format: "google-benchmark", verdict: "warning" },
    metrics: [
      ["BM_2xSlower", 100 * NS, 1],
      ["BM_10PercentSlower", 110 * NS, 1],
      ["BM_ThirdFaster", 66.665 * NS, 1],
      ["BM_NotBadTimeUnit", 40, 1],
      ["BM_DifferentTimeUnit", 1 * NS, 1],
    ],
  },
  "google-benchmark/test3-run0.json": {
    ...{ format: "google-benchmark", verdict: "warning" },
    metrics: [
      ["BM_Two", 8.5 * NS, 2],
      ["medium", 8.5 * NS, 2],
    ],
  },
  "google-benchmark/test3-run1.json": {
    ...{ format: "google-benchmark", verdict: "warning" },
    metrics: [
      ["BM_One", 9 * NS, 1],
      ["BM_Two", 7 * NS, 1],
      ["short", 800 * NS, 1],
      ["medium", 5 * NS, 1],
    ],
  },
  "hey/530-rows.csv": {
    ...{ format: "hey", requests: 530, failed: 0, verdict: "warning" },
    metrics: [
      ["latency", 14.9, 530],
      ["latency.mean", 15.095, 0],
      ["latency.p50", 14.9, 0],
      ["latency.p95", 23.8, 0],
      ["latency.p99", 24.6, 0],
    ],
  },
  "hey/5xx.txt": {
    ...{ format: "hey", requests: 53958, failed: 10792, seconds: 1.0012 },
    verdict: /10792 of 53958 requests failed \(20 %/,
    metrics: [
      ["latency.mean", 0.1, 0],
      ["requests_per_second", 53892.8437, 0],
      ["latency.p50", 0.1, 0],
      ["latency.p95", 0.2, 0],
      ["latency.p99", 0.3, 0],
    ],
  },
  "hyperfine/one-run.json": {
    ...{ format: "hyperfine", verdict: "warning" },
    metrics: [["sleep 0.01", 11.067764, 1]],
  },
  "hyperfine/pair-baseline.json": {
    ...{ format: "hyperfine", verdict: "warning" },
    metrics: [["price-list", 80.886368, 20]],
  },
  "hyperfine/pair-candidate.json": {
    ...{ format: "hyperfine", verdict: "warning" },
    metrics: [["price-list", 98.654631, 20]],
  },
  "hyperfine/parameters.json": {
    ...{ format: "hyperfine", verdict: "warning" },
    metrics: [
      ["sleep 0.01 {n=1}", 10.881351, 5],
      ["sleep 0.02 {n=2}", 20.980456, 5],
      ["sleep 0.03 {n=3}", 31.117938, 5],
    ],
  },
  "hyperfine/two-commands.json": {
    ...{ format: "hyperfine", verdict: "warning" },
    metrics: [
      ["sleep 0.01", 10.894819, 12],
      ["sleep 0.02", 20.972033, 12],
    ],
  },
  "hyperfine/two-sleeps.json": {
    ...{ format: "hyperfine", verdict: "warning" },
    metrics: [
      ["sleep 0.1", 106.525352, 27],
      ["sleep 0.2", 208.661519, 13],
    ],
  },
  "jmh/avgt-nan-error.json": {
    ...{ format: "jmh", verdict: "warning" },
    metrics: [
      ["com.example.Codec.decode {size=1024} avgt", 1.915 * US, 10],
      ["com.example.Codec.start ss", 41.2, 1],
    ],
  },
  "jmh/hello.json": {
    ...{ format: "jmh", verdict: "warning" },
    metrics: [
      [
        "org.openjdk.jmh.samples.JMHSample_01_HelloWorld.wellHelloThere thrpt",
        3376238873.1228185,
        3,
      ],
    ],
  },
  "jmh/six-params.json": {
    ...{ format: "jmh", verdict: "warning" },
    metrics: [
      [
        "com.github.caffeine.caffeine.cache.ComputeBenchmark.compute_sameKey {computeType=Caffeine} thrpt",
        152520132.34402195,
        3,
      ],
      [
        "com.github.guava.caffeine.cache.ComputeBenchmark.compute_sameKey {computeType=Guava} thrpt",
        29945718.61137783,
        3,
      ],
      [
        "com.github.hashmap.caffeine.cache.ComputeBenchmark.compute_sameKey {computeType=ConcurrentHashMap} thrpt",
        7828947.712794046,
        3,
      ],
      [
        "com.github.hashmap.caffeine.cache.ComputeBenchmark.compute_spread {computeType=ConcurrentHashMap} thrpt",
        113640916.67262991,
        3,
      ],
    ],
  },
  "k6/2-million-requests.json": {
    ...{ format: "k6", requests: 2287056, failed: 2471, seconds: 300.201687, verdict: "warning" },
    metrics: [
      ["http_req_duration.avg", 61.614461740114685, 0],
      ["http_req_duration.med", 29.5056, 0],
      ["http_req_duration.p(95)", 224.50365, 0],
      ["http_req_duration.p(99)", 301.0103, 0],
    ],
  },
  "k6/40-percent-failed.json": {
    ...{ format: "k6", requests: 878, failed: 349, seconds: 24.425289882 },
    verdict: /349 of 878 requests failed \(39\.7 %/,
    metrics: [
      ["http_req_duration.p(95)", 30.0256841, 0],
      ["http_req_duration.p(99)", 39.57713638, 0],
    ],
  },
  "k6/legacy-threshold-true-is-failed.json": {
    ...{ format: "k6", requests: 1200, failed: 12, verdict: "failed" },
    metrics: [
      ["http_req_duration.avg", 214.2, 0],
      ["http_req_duration.med", 180.4, 0],
      ["http_req_duration.p(95)", 611.8, 0],
    ],
  },
  "k6/machine-readable.json": {
    ...{ format: "k6", requests: 1500, failed: 30, seconds: 60.02 },
    verdict: /30 of 1500 requests failed \(2 %/,
    metrics: [["http_req_duration.p(95)", 421.32, 0]],
  },
  "k6/pair-async.json": {
    ...{ format: "k6", requests: 1034898, failed: 0, seconds: 180.0032489, verdict: "warning" },
    metrics: [
      ["http_req_duration.avg", 3.9622043625555072, 0],
      ["http_req_duration.p(95)", 10.808894999999879, 0],
      ["http_req_duration.p(99)", 27.7814, 0],
    ],
  },
  "k6/pair-sync.json": {
    ...{ format: "k6", requests: 1034893, failed: 0, seconds: 180.2780257, verdict: "warning" },
    metrics: [
      ["http_req_duration.p(95)", 32.2179, 0],
      ["http_req_duration.p(99)", 56.728832, 0],
    ],
  },
  "k6/thresholds-failed.json": {
    ...{ format: "k6", requests: 31496, failed: 0, seconds: 181.5982903, verdict: "failed" },
    metrics: [
      ["http_req_duration.p(95)", 1241.754225, 0],
      ["http_req_duration.p(99)", 2268.108525, 0],
    ],
  },
  "pytest-benchmark/fib.json": {
    ...{ format: "pytest-benchmark", verdict: "warning" },
    metrics: [
      ["bench.py::test_fib_10", 0.0223, 0],
      ["bench.py::test_fib_20", 2.96058, 0],
    ],
  },
  "vitest-bench/fabricated-two.json": {
    ...{ format: "vitest-bench", verdict: "warning" },
    metrics: [
      ["math.bench.ts > math > add", 1, 0],
      ["math.bench.ts > math > subtract", 2, 0],
    ],
  },
  "vitest-bench/two.json": {
    ...{ format: "vitest-bench", verdict: "warning" },
    metrics: [
      ["a.bench.ts > m > add", 0.000328929, 0],
      ["a.bench.ts > m > json", 0.000165109, 0],
    ],
  },
  "wrk/5xx.txt": {
    ...{ format: "wrk", requests: 44726, failed: 8946, seconds: 1.1 },
    verdict: /8946 of 44726 requests failed \(20 %/,
    metrics: [
      ["latency.p50", 0.038, 0],
      ["latency.p90", 0.182, 0],
      ["latency.p99", 3.46, 0],
      ["latency.mean", 0.17228, 0],
      ["latency.max", 8.09, 0],
      ["requests_per_second", 40679.79, 0],
    ],
  },
  "wrk/latency.txt": {
    ...{ format: "wrk", requests: 1071, failed: 0, seconds: 2, verdict: "warning" },
    metrics: [
      ["latency.p99", 25.05, 0],
      ["latency.mean", 14.87, 0],
      ["requests_per_second", 534.49, 0],
    ],
  },
};

/** The files from which nothing may be read, and what must be said of them. */
export const unreadable: Readonly<Record<string, RegExp>> = {
  "google-benchmark/skipped-with-error.json":
    /the benchmark BM_Bad did not run: could not open the input/,
  "hyperfine/failing-command.json": /3 of 3 runs of "false" failed \(exit status 1\)/,
  "nothing-ran/ab-refused.txt": /the line "Complete requests" is missing/,
  "nothing-ran/autocannon-refused.json": /50616 of 50616 requests failed \(100 %/,
  "nothing-ran/go-bench-none.txt": /nothing was measured/,
  "nothing-ran/google-benchmark-nomatch.json": /the report is empty/,
  "nothing-ran/hey-refused.csv": /nothing was measured/,
  "nothing-ran/hyperfine-abort.json": /the report is empty/,
  "nothing-ran/wrk-timeout.txt": /no request was answered/,
};
