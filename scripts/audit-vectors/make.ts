// node scripts/audit-vectors/make.ts: writes packages/audit-verifier/vectors anew. A ledger is written by floe itself with keys
// that are made here and thrown away, and tampered with in every way that somebody might. What the verdicts have to be is
// said here by hand: the tests hold both verifiers against it.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { aLedger } from "./a-ledger.ts";
import { openBundle, writeBundleFile } from "./bundle-file.ts";
import { moveTamperings } from "./move-tamperings.ts";
import { pruneTamperings } from "./prune-tamperings.ts";
import { readmeOf } from "./readme.ts";
import { tamperings, type Vector } from "./tamperings.ts";

const folder = fileURLToPath(new URL("../../packages/audit-verifier/vectors/", import.meta.url));
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) rmSync(`${folder}${name}`);

using ledger = await aLedger("atomic");
const { people } = ledger;
const done = (outcome: { readonly kind: string }): void => {
  if (outcome.kind !== "done") throw new Error(JSON.stringify(outcome));
};
await ledger.promote("v1.0.0");
await ledger.promote("v1.1.0");
const older = openBundle(await ledger.bundle());
done(await ledger.as("alice").lock({ environment: "prod", reason: "the audit begins" }));
const kept = await ledger.checkpoint("release");
done(await ledger.as("alice").unlock({ environment: "prod", reason: "the audit is over" }));
await ledger.checkpoint("release");
const held = await ledger
  .as("alice")
  .quarantine({ environments: ["prod"], version: "v1.0.0", reason: "a weakness was found" });
if (held.blocking.length > 0) throw new Error(JSON.stringify(held));
const good = await ledger.bundle();

using advisory = await aLedger("compare-then-put", people);
await advisory.promote("v1.0.0");
done(await advisory.as("alice").lock({ environment: "prod", reason: "the audit begins" }));
await advisory.checkpoint("release");
done(await advisory.as("alice").unlock({ environment: "prod", reason: "the audit is over" }));
const plain = await advisory.bundle();

using moved = await aLedger("atomic", people);
await moved.promote("v1.0.0");
await moved.move("{ backend: database }");
done(await moved.as("alice").lock({ environment: "prod", reason: "the audit begins" }));
await moved.move("{ backend: oci, previous: [{ backend: database }] }");
done(await moved.as("alice").unlock({ environment: "prod", reason: "the audit is over" }));
await moved.checkpoint("release");
const placed = await moved.bundle();

// In 2022, and in 2026.
const clock = { now: Date.parse("2022-03-01T10:00:00Z") };
const tick = (): Date => {
  clock.now += 1000;
  return new Date(clock.now);
};
using old = await aLedger("atomic", people, tick);
await old.promote("v1.0.0");
done(await old.as("alice").lock({ environment: "prod", reason: "the audit begins" }));
done(await old.as("alice").unlock({ environment: "prod", reason: "the audit is over" }));
clock.now += 4.5 * 365.25 * 86_400_000;
await old.promote("v2.0.0");
await old.promote("v2.1.0");
await old.checkpoint("release");
const whole = await old.bundle();
await old.prune();
done(await old.as("alice").lock({ environment: "prod", reason: "the audit begins" }));
await old.checkpoint("release");
const pruned = await old.bundle();

const ok = { verdict: "ok", seq: null } as const;
const allOk = { integrity: ok, completeness: ok, anchoring: ok, authenticity: ok };
const vectors: (Vector & { readonly text: string })[] = [
  {
    name: "good",
    tampering: "None.",
    checkpoint: true,
    expect: allOk,
    text: writeBundleFile(openBundle(good)),
  },
  {
    name: "good-advisory",
    tampering: "None; the ledger of a registry that cannot serialise writers.",
    checkpoint: false,
    expect: allOk,
    text: writeBundleFile(openBundle(plain)),
  },
  {
    name: "good-moved",
    tampering: "None; a ledger that was moved from the registry to SQLite and back.",
    checkpoint: false,
    expect: allOk,
    text: writeBundleFile(openBundle(placed)),
  },
  {
    name: "good-pruned",
    tampering: "None; a ledger whose first events were removed, which a signed event says.",
    checkpoint: false,
    expect: allOk,
    text: writeBundleFile(openBundle(pruned)),
  },
  ...(await tamperings({ good, plain, older, people })),
  ...(await moveTamperings(placed, people)),
  ...(await pruneTamperings(pruned, whole, people)),
];
for (const { name, text } of vectors) writeFileSync(`${folder}${name}.ndjson`, text);
writeFileSync(`${folder}kept.checkpoint`, kept);
for (const name of ["release", "alice"])
  writeFileSync(`${folder}${name}.pub`, people.publicKey(name));
const listed = vectors.map(({ text: _text, ...vector }) => vector);
writeFileSync(`${folder}vectors.json`, `${JSON.stringify(listed, null, 2)}\n`);
writeFileSync(`${folder}README.md`, readmeOf(listed));
