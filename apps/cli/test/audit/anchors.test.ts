import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { readBundle, readPublicKey, verifyBundle } from "@floe/audit-verifier";
import {
  type AnchorAnswer,
  exitCodeOfCopies,
  type Floe,
  type LedgerAudit,
  type MadeCheckpoint,
} from "@floe/core";
import { FloeError } from "@floe/core/errors";
import { createRegistryStore } from "@floe/oci/registry";
import s3Plugin from "@floe/plugin-audit-s3";
import { createRekorLog, loadKeylessEngine } from "@floe/signing";
import { startRegistry, startS3, startSigstore } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { aWorld, go, type World, type WorldOptions } from "../review/a-world.ts";

/** A ledger with three places for checkpoints besides the one beside it, all of them real, in this process. */
interface Anchored extends AsyncDisposable {
  readonly world: World;
  readonly floe: Floe;
  readonly s3: Awaited<ReturnType<typeof startS3>>;
  readonly registry: Awaited<ReturnType<typeof startRegistry>>;
  /** The repository that is an anchor. */
  readonly elsewhere: ReturnType<typeof createRegistryStore>;
  /** The folder that is an anchor. */
  readonly folder: string;
  readonly file: string;
  checkpoint(): Promise<MadeCheckpoint>;
  verify(): Promise<LedgerAudit & { readonly anchors: readonly AnchorAnswer[] }>;
  /** Adds an event, and its tag. */
  lock(): Promise<string>;
}

async function anchored(
  settings: Parameters<typeof startS3>[0] = {},
  tagCreation: WorldOptions["tagCreation"] = "atomic",
): Promise<Anchored> {
  await using made = new AsyncDisposableStack();
  const s3 = made.use(await startS3(settings));
  const registry = made.use(await startRegistry());
  const uri = `oci://${registry.host}/backup/checkpoints`;
  const elsewhere = createRegistryStore({ uri });
  const world = made.use(
    await aWorld({
      plugins: [s3Plugin],
      tagCreation,
      repositories: { [uri]: elsewhere },
      secret: `${s3.accessKeyId}:${s3.secretAccessKey}`,
      audit: {
        anchors: [
          { kind: "file", path: "kept" },
          { kind: "oci", name: "backup", registry: { uri } },
          {
            kind: "s3",
            s3_bucket: s3.bucket,
            with: { endpoint: s3.endpoint, credentials_ref: "env:KEYS" },
          },
        ],
      },
    }),
  );
  const folder = join(dirname(world.manifest.path), "kept");
  mkdirSync(folder);
  const floe = made.use(world.floe());
  await world.publish("v1.0.0");
  await world.promote("v1.0.0", "dev");
  const disposable = made.move();
  let count = 0;
  return {
    ...{ world, floe, s3, registry, elsewhere, folder, file: join(folder, "dev.checkpoint") },
    async checkpoint() {
      await using run = world.floe();
      const [only] = await run.checkpoint({ environment: "dev" });
      return only ?? expect.unreachable("dev has a ledger");
    },
    async verify() {
      await using run = world.floe();
      const [only] = await run.audit({ environment: "dev" });
      return { anchors: [], ...(only ?? expect.unreachable("dev is in the manifest")) };
    },
    async lock() {
      count += 1;
      const change = { environment: "dev", reason: `reason ${count}` };
      await (count % 2 === 1 ? floe.lock(change) : floe.unlock(change));
      return (await world.events("dev")).at(-1)?.tag ?? expect.unreachable("it was written");
    },
    [Symbol.asyncDispose]: () => disposable.disposeAsync(),
  };
}

async function engineOf(trustedRoot: string) {
  const bytes = Buffer.from(trustedRoot);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const file = { path: "trusted_root.json", sha256, bytes };
  return await loadKeylessEngine({ ...go, trustRoot: { from: "file", file }, cacheDir: "/none" });
}

const byName = (answers: readonly AnchorAnswer[]) =>
  Object.fromEntries(answers.map((answer) => [answer.name, answer]));
const words = (answers: readonly AnchorAnswer[]) =>
  answers.map(({ name, verdict, size }) => [name, verdict, size]);
const statuses = ({ anchors }: MadeCheckpoint) => anchors.map(({ status }) => status);

describe("audit.anchors", () => {
  test("a checkpoint goes into every place, is not written twice, and each place answers for itself", async () => {
    await using it = await anchored({ objectLock: { mode: "COMPLIANCE", days: 30 } });
    expect(words((await it.verify()).anchors)).toEqual([
      ["floe-cp.dev", "not_checked", null],
      ["file", "not_checked", null],
      ["backup", "not_checked", null],
      ["s3", "not_checked", null],
    ]);
    const made = await it.checkpoint();
    expect(statuses(made)).toEqual(["written", "written", "written"]);
    expect(exitCodeOfCopies(made.anchors)).toBe(0);
    expect(readFileSync(it.file, "utf8")).toBe(made.note);
    const [key = ""] = it.s3.keys("floe/_checkpoints/");
    expect(Buffer.from(it.s3.object(key) ?? []).toString()).toBe(made.note);

    it.s3.resetRequests();
    const again = await it.checkpoint();
    expect(statuses(again)).toEqual(["unchanged", "unchanged", "unchanged"]);
    expect([again.note, again.anchor]).toEqual([made.note, made.anchor]);
    expect(it.s3.requests.filter((line) => line.startsWith("PUT"))).toEqual([]);

    await it.lock();
    const later = await it.checkpoint();
    expect(statuses(later)).toEqual(["written", "written", "written"]);
    expect(it.s3.keys("floe/_checkpoints/")).toHaveLength(2);
    await it.lock();
    const { verdicts, anchors } = await it.verify();
    const size = later.checkpoint.size;
    expect(verdicts.anchoring).toMatchObject({ verdict: "ok", notes: [] });
    expect(words(anchors)).toEqual(
      ["floe-cp.dev", "file", "backup", "s3"].map((name) => [name, "ok", size]),
    );
    expect(anchors.map(({ kind }) => kind)).toEqual(["registry", "file", "oci", "s3"]);
    expect(JSON.stringify(anchors)).not.toContain(it.s3.secretAccessKey);
  });

  test("a place that fails stands in no other's way, and the same command puts it right", async () => {
    await using it = await anchored();
    renameSync(it.folder, `${it.folder}.gone`);
    it.s3.configure({ access: "read-only" });
    const made = await it.checkpoint();
    expect(made.anchors.map(({ name, status, error }) => [name, status, error?.code])).toEqual([
      ["file", "failed", "FLOE_ANCHOR_UNAVAILABLE"],
      ["backup", "written", undefined],
      ["s3", "failed", "FLOE_ANCHOR_UNAVAILABLE"],
    ]);
    expect(exitCodeOfCopies(made.anchors)).toBe(15);
    expect(existsSync(it.folder)).toBe(false);
    const torn = await it.verify();
    expect(torn.verdicts.anchoring.verdict).toBe("not_checked");
    expect(torn.verdicts.anchoring.summary).toContain("the anchor file, kept: it cannot be read");
    expect(torn.verdicts.anchoring.summary).toContain("the anchor s3");
    expect(byName(torn.anchors)).toMatchObject({
      "floe-cp.dev": { verdict: "ok" },
      backup: { verdict: "ok" },
      s3: { verdict: "not_checked", summary: expect.stringContaining("holds no checkpoint") },
    });

    renameSync(`${it.folder}.gone`, it.folder);
    it.s3.configure({ access: "all" });
    const again = await it.checkpoint();
    expect(statuses(again)).toEqual(["written", "unchanged", "written"]);
    expect(again.note).toBe(made.note);
    expect((await it.verify()).verdicts.anchoring.verdict).toBe("ok");

    // An answer that was lost is looked up.
    await it.lock();
    it.s3.addFault({ match: ({ method }) => method === "PUT", action: { kind: "lose-reply" } });
    expect(statuses(await it.checkpoint())).toEqual(["written", "written", "written"]);
    it.s3.configure({ access: "none" });
    expect((await it.verify()).verdicts.anchoring.verdict).toBe("not_checked");
  });

  test("a ledger that was cut off, with what lies beside it, is found at every place that was not", async () => {
    await using it = await anchored();
    const old = await it.checkpoint();
    const tags = [await it.lock(), await it.lock()];
    const before = await it.world.store.getManifest("floe-cp.dev", go);
    const made = await it.checkpoint();
    for (const tag of tags) await it.world.store.deleteTag(tag, go);
    await it.world.store.deleteTag("floe-cp.dev", go);
    if (before)
      await it.world.store.createTag(
        "floe-cp.dev",
        { bytes: before.bytes, mediaType: before.descriptor.mediaType },
        go,
      );
    const seq = made.checkpoint.size - 2;
    const { verdicts, anchors } = await it.verify();
    expect(verdicts.integrity.verdict).toBe("ok");
    expect(verdicts.anchoring.verdict).toBe("failed");
    expect(words(anchors)).toEqual([
      ["floe-cp.dev", "ok", old.checkpoint.size],
      ...["file", "backup", "s3"].map((name) => [name, "failed", made.checkpoint.size]),
    ]);
    for (const [name, label] of [
      ["file", "the anchor file, kept"],
      ["backup", "the anchor backup (oci, oci://"],
      ["s3", "the anchor s3, s3:http://"],
    ] as const)
      expect(byName(anchors)[name]?.findings).toMatchObject([
        { seq, code: "FLOE_LEDGER_TAMPERED", what: expect.stringContaining(label) },
      ]);

    // Signing what is left would bless it.
    const refused = await it.checkpoint().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(FloeError);
    expect(refused).toMatchObject({
      code: "FLOE_LEDGER_TAMPERED",
      message: expect.stringContaining("the anchor file"),
    });
    expect(readFileSync(it.file, "utf8")).toBe(made.note);

    // An older copy at one place says no more than it does; the others go on saying it.
    writeFileSync(it.file, old.note);
    const older = await it.verify();
    expect(words(older.anchors).map(([, verdict]) => verdict)).toEqual([
      ...["ok", "ok", "failed", "failed"],
    ]);
  });

  test("a ledger that was written anew from some event on is found, as far as an older checkpoint agrees", async () => {
    await using it = await anchored();
    const old = await it.checkpoint();
    const [first, second] = [await it.lock(), await it.lock()];
    await it.checkpoint();
    writeFileSync(it.file, old.note);
    const raw = await it.world.read(first);
    await it.world.store.deleteTag(second, go);
    await it.world.replay(raw.bytes, second);
    const { anchors } = await it.verify();
    const { size } = old.checkpoint;
    expect(byName(anchors)).toMatchObject({ file: { verdict: "ok" }, s3: { verdict: "failed" } });
    expect(byName(anchors)["s3"]?.findings).toMatchObject([
      { seq: size, what: expect.stringContaining(`events ${size} to ${size + 1} are not those`) },
    ]);
  });

  test("a ledger that was taken away, or another one in its place, is found where it had no reach", async () => {
    await using it = await anchored();
    const { checkpoint } = await it.checkpoint();
    for (const tag of await it.world.store.listTags(go))
      if (/^floe-|^latest-|-dev$/.test(tag)) await it.world.store.deleteTag(tag, go);
    const gone = await it.verify();
    expect(gone.chain).toBeNull();
    expect(gone.verdicts.anchoring.verdict).toBe("failed");
    expect(gone.verdicts.anchoring.summary).toContain(
      `there is no ledger, and the checkpoint of the anchor file, kept is of ${checkpoint.size} events of ${checkpoint.origin}`,
    );
    const genesis = await it.world.store.getManifest("v1.0.0", go);
    const input = {
      bytes: genesis?.bytes ?? Buffer.from(""),
      mediaType: genesis?.descriptor.mediaType ?? "",
    };
    await it.world.store.createTag("floe-ledger.dev", input, go);
    const broken = await it.verify();
    expect(broken.verdicts.integrity.verdict).toBe("failed");
    expect(words(broken.anchors).map(([, verdict]) => verdict)).toEqual(
      Array(3).fill("not_checked"),
    );
    await it.world.store.deleteTag("floe-ledger.dev", go);
    await it.world.promote("v1.0.0", "dev");
    const other = await it.verify();
    expect(words(other.anchors).map(([, verdict]) => verdict)).toEqual([
      ...["not_checked", "failed", "failed", "failed"],
    ]);
    const refused = await it.checkpoint().catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: "FLOE_CHECKPOINT_INVALID",
      message: expect.stringContaining("it is of the ledger urn:floe:ledger:dev:"),
    });
  });

  test("what was taken out of a place, or is by somebody else, never counts", async () => {
    await using it = await anchored({ versioning: true });
    const made = await it.checkpoint();
    // Gone: nothing is known, and nothing is ok.
    rmSync(it.file);
    await it.elsewhere.deleteTag("floe-cp.dev", go);
    const [key = ""] = it.s3.keys("floe/_checkpoints/");
    it.s3.remove(key);
    const gone = await it.verify();
    expect(gone.verdicts.anchoring.verdict).toBe("failed");
    expect(words(gone.anchors).map(([, verdict]) => verdict)).toEqual([
      ...["ok", "not_checked", "not_checked", "failed"],
    ]);
    expect(byName(gone.anchors)["s3"]?.summary).toContain("a checkpoint was deleted");

    // By another key, about another ledger, or nothing at all.
    await it.world.promote("v1.0.0", "staging");
    const [others] = await it.floe.checkpoint({ environment: "staging" });
    const forged = made.note.replace(/[A-Za-z0-9+/]{20}=*\n$/, `${"A".repeat(20)}=\n`);
    for (const [note, why] of [
      [forged, "nobody who is trusted"],
      [others?.note ?? "", "is of the ledger urn:floe:ledger:staging:"],
      ["", "it is not a checkpoint"],
      [`${"x".repeat(300_000)}\n`, "larger than any checkpoint"],
    ] as const) {
      writeFileSync(it.file, note);
      const { anchors } = await it.verify();
      expect(byName(anchors)["file"]).toMatchObject({ verdict: "failed", size: null });
      expect(byName(anchors)["file"]?.summary).toContain(why);
    }
    rmSync(it.file);
    execFileSync("mkfifo", [it.file]);
    expect(byName((await it.verify()).anchors)["file"]?.summary).toContain("is no file");
    rmSync(it.file);
    writeFileSync(it.file, forged);
    const again = await it.checkpoint();
    expect(again.anchors.map(({ status, error }) => [status, error?.code])).toEqual([
      ["failed", "FLOE_CHECKPOINT_INVALID"],
      ["written", undefined],
      ["written", undefined],
    ]);
    expect(exitCodeOfCopies(again.anchors)).toBe(18);
    expect(readFileSync(it.file, "utf8")).toBe(forged);
  });

  test("a checkpoint that was written over in a bucket with versions is found", async () => {
    await using it = await anchored({ versioning: true });
    const made = await it.checkpoint();
    const [key = ""] = it.s3.keys("floe/_checkpoints/");
    it.s3.plant(key, Buffer.from(made.note));
    it.s3.plant(`${dirname(key)}/zzz`, Buffer.from("notes"));
    const { anchors } = await it.verify();
    const what = byName(anchors)["s3"]?.findings.map((finding) => finding.what);
    expect(what).toEqual([
      expect.stringContaining("a checkpoint was written over"),
      expect.stringContaining("zzz is no checkpoint"),
    ]);
  });

  test("where writers are not serialised, a checkpoint of every place goes by its newest event", async () => {
    await using it = await anchored({}, "compare-then-put");
    const made = await it.checkpoint();
    expect(made.checkpoint.head).not.toBeNull();
    expect(statuses(await it.checkpoint())).toEqual(["unchanged", "unchanged", "unchanged"]);
    const tag = await it.lock();
    expect((await it.verify()).verdicts.anchoring.verdict).toBe("ok");
    await it.checkpoint();
    await it.world.store.deleteTag(tag, go);
    await it.world.store.deleteTag("floe-cp.dev", go);
    const { anchors } = await it.verify();
    expect(words(anchors).map(([, verdict]) => verdict)).toEqual([
      ...["not_checked", "failed", "failed", "failed"],
    ]);
  });

  test("floe doctor asks every place, and says what it has", async () => {
    await using it = await anchored();
    const asked = async () => {
      const findings = await it.floe.doctor({ readOnly: true });
      const about = findings.filter(({ check }) => check === "anchor");
      return about.map(({ about: name, status, seen }) => [name, status, seen]);
    };
    expect((await asked()).map(([, status]) => status)).toEqual(["warn", "warn", "warn"]);
    await it.checkpoint();
    it.s3.configure({ access: "none" });
    expect(await asked()).toEqual([
      ["file", "ok", "kept holds checkpoints of dev, none of staging, prod"],
      ["backup", "ok", expect.stringContaining("holds checkpoints of dev")],
      ["s3", "fail", expect.stringContaining("AccessDenied")],
    ]);
  });

  test("a bundle has the checkpoints of all places, and says which it could not have", async () => {
    await using it = await anchored();
    const { note } = await it.checkpoint();
    it.s3.configure({ access: "none" });
    const made = await it.floe.bundleLedgers({ environment: "dev" });
    const lines = made.lines.map((line) => JSON.parse(line) as { type: string; note?: string });
    const notes = lines.filter(({ type }) => type === "checkpoint");
    expect(notes.map((line) => line.note)).toEqual([note, note, note]);
    expect(made.left.join()).toContain("what the anchor s3");
  });

  test("a log has every checkpoint, and its word for it is kept with each of them and verified without it", async () => {
    await using sigstore = await startSigstore();
    const engine = await engineOf(sigstore.trustedRoot);
    const openLog = async (url: string) => createRekorLog({ url, engine: async () => engine });
    await using world = await aWorld({
      audit: {
        anchors: [
          { kind: "file", path: "kept" },
          { kind: "rekor", url: sigstore.url },
        ],
      },
      openLog,
    });
    const folder = join(dirname(world.manifest.path), "kept");
    mkdirSync(folder);
    await world.publish("v1.0.0");
    await world.promote("v1.0.0", "dev");
    const dev = { environment: "dev" };
    const verified = async () => {
      const [only] = await world.floe().audit(dev);
      return { ...only, log: byName(only?.anchors ?? [])["rekor"] };
    };
    expect((await verified()).log).toMatchObject({ verdict: "not_checked", kind: "rekor" });

    sigstore.fail("/api/v1/log/entries", { status: 500, body: "{}" });
    const [torn] = await world.floe().checkpoint(dev);
    expect(torn?.anchors.map(({ status, error }) => [status, error?.code])).toEqual([
      ["written", undefined],
      ["failed", "FLOE_ANCHOR_UNAVAILABLE"],
    ]);
    expect(await verified()).toMatchObject({ verdicts: { anchoring: { verdict: "not_checked" } } });
    sigstore.fail("/api/v1/log/entries", null);
    const [made] = await world.floe().checkpoint(dev);
    expect(made?.anchors.map(({ status }) => status)).toEqual(["written", "written"]);
    // The same signature, and a line more, which other verifiers pass over.
    expect(made?.note.startsWith(torn?.note ?? "?")).toBe(true);
    const kept = join(folder, "dev.checkpoint");
    expect(readFileSync(kept, "utf8")).toBe(made?.note);

    const asked = sigstore.requests.length;
    const [again] = await world.floe().checkpoint(dev);
    expect(again?.anchors.map(({ status }) => status)).toEqual(["unchanged", "unchanged"]);
    const well = await verified();
    expect(well.verdicts?.anchoring.verdict).toBe("ok");
    expect(well.log).toMatchObject({ verdict: "ok", size: made?.checkpoint.size });
    expect(well.log?.summary).toMatch(/which has had it since \d{4}-/);
    expect(sigstore.requests).toHaveLength(asked);

    // Whoever checks a bundle without floe passes over what the log has said.
    const bundle = await world.floe().bundleLedgers(dev);
    const key = readPublicKey(world.publicKeys["release"] ?? "");
    const lines = Buffer.from(bundle.lines.map((text) => `${text}\n`).join(""));
    const trusted = new Map(key ? [[key.id, { name: "release", key }]] : []);
    const [apart] = verifyBundle(readBundle([lines]), { trusted });
    expect(apart?.verdicts.anchoring.verdict).toBe("ok");

    // Cut off, with every other checkpoint taken away but one that somebody has kept.
    const note = made?.note ?? "";
    await world.floe().lock({ ...dev, reason: "audit" });
    const last = (await world.events("dev")).at(-1)?.tag ?? "";
    const [later] = await world.floe().checkpoint(dev);
    await world.store.deleteTag(last, go);
    await world.store.deleteTag("floe-cp.dev", go);
    writeFileSync(kept, note);
    const checkpoints = [{ name: "kept by hand", note: later?.note ?? "" }];
    const [cut] = await world.floe().audit({ ...dev, checkpoints });
    const log = byName(cut?.anchors ?? [])["rekor"];
    expect(log).toMatchObject({ verdict: "failed", size: later?.checkpoint.size });
    expect(log?.findings).toMatchObject([{ seq: made?.checkpoint.size }]);

    // A line that claims what the log has not said.
    const end = note.indexOf("\n\n");
    const [text, [own = "", entry = ""]] = [note.slice(0, end), note.slice(end + 2).split("\n")];
    const bytes = Buffer.from(entry.split(" ")[2] ?? "", "base64");
    const forged = bytes
      .toString("latin1")
      .replace(/"integratedTime":"\d+"/, '"integratedTime":"1"');
    const line = `\u2014 ${entry.split(" ")[1]} ${Buffer.from(forged, "latin1").toString("base64")}`;
    writeFileSync(kept, `${text}\n\n${own}\n${line}\n`);
    const lied = await verified();
    expect(lied.log).toMatchObject({ verdict: "failed", size: null });
    expect(byName(lied.anchors ?? [])["file"]?.verdict).toBe("ok");
  });

  test("a checkpoint whose signature no log takes is kept everywhere else, and says so", async () => {
    const audit = { anchors: [{ kind: "rekor", url: "http://127.0.0.1:9" }] };
    const openLog = () => Promise.reject(new Error("nobody asks it"));
    await using world = await aWorld({ audit, openLog, keyless: ["release"] });
    await world.publish("v1.0.0");
    await world.promote("v1.0.0", "dev");
    const [made] = await world.floe().checkpoint({ environment: "dev" });
    expect(made?.anchors).toMatchObject([
      { status: "failed", error: { message: expect.stringContaining("is signed so") } },
    ]);
    const [audited] = await world.floe().audit({ environment: "dev" });
    expect(words(audited?.anchors ?? [])).toEqual([
      ["floe-cp.dev", "ok", made?.checkpoint.size],
      ["rekor", "not_checked", null],
    ]);
    expect(audited?.verdicts.anchoring.verdict).toBe("not_checked");
  });
});
