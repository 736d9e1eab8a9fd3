// judge-compiled.ts: judges 500 components by five rules, one of them an expression, in a process that does nothing else,
// and prints how long that took (milliseconds), with the thread that evaluates expressions.
import { judgePlatform } from "./judge-platform.ts";

const started = performance.now();
await judgePlatform({ expression: true, signal: new AbortController().signal });
console.log(JSON.stringify({ milliseconds: performance.now() - started }));
