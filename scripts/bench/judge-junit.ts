// judge-junit.ts FILE: judges a JUnit report in a process that does nothing else, and prints how long that took from the
// first byte to the verdict (milliseconds) and how much memory the process had at most (MiB).
import { readFileSync } from "node:fs";
import { judgeTests } from "./judge-tests.ts";

const [path = ""] = process.argv.slice(2);
const started = performance.now();
const passed = await judgeTests(readFileSync(path), new AbortController().signal);
const milliseconds = performance.now() - started;
// The kernel's peak of resourceUsage() begins with what the process had that started this one.
const [, peak = "NaN"] =
  /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
const mib = Math.ceil(Number(peak) / 1024);
console.log(JSON.stringify({ passed, milliseconds, mib }));
