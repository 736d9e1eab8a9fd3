// Takes the lock, says so, and keeps it until it is killed.
import { withLayoutLock } from "../../../src/layout/layout-lock.ts";
import { go } from "../layout-fixture.ts";

const [dir = ""] = process.argv.slice(2);
await withLayoutLock(dir, { ...go, timeoutMs: 1000, random: Math.random }, async () => {
  console.log("held");
  await new Promise((resume) => setTimeout(resume, 60_000));
});
