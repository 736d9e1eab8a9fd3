import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createFloe, type Floe, type Manifest } from "@floe/core";
import { loadManifest } from "@floe/core/manifest";
import type { FloePlugin } from "@floe/core/plugin";
import type { ArtifactStore } from "@floe/core/ports";
import sqlite from "@floe/plugin-audit-sqlite";
import { createPolicyGate } from "@floe/policy";
import { createCommandRunner, createHost } from "@floe/runner";
import { createArtifactVerifier, createKeySigner, createVerifier } from "@floe/signing";
import { buildArtifact, createMemoryStore } from "@floe/testing";
import { createPeople, type People } from "./people.ts";

const go = { signal: new AbortController().signal };

/** A ledger that floe itself has written, and what can be done with it. */
export interface Ledger extends Disposable {
  readonly people: People;
  readonly store: ArtifactStore;
  /** floe as one of the people. */
  as(name: string): Floe;
  promote(version: string): Promise<void>;
  /** Moves it on, as release; `audit` is that of the manifest from then on. */
  move(audit: string): Promise<void>;
  /** Lines of `floe audit bundle`. */
  bundle(): Promise<string[]>;
  /** Prunes what the manifest does not keep, as release. */
  prune(): Promise<void>;
  /** What `floe audit checkpoint` signs. */
  checkpoint(name: string): Promise<string>;
}

/** Makes a project with one environment, prod, where `release` and `alice` may act, in memory. */
export async function aLedger(
  tagCreation: ArtifactStore["tagCreation"],
  people: People = createPeople(),
  now: () => Date = () => new Date(),
): Promise<Ledger> {
  const dir = mkdtempSync(join(tmpdir(), "floe-vectors-"));
  mkdirSync(join(dir, "keys"));
  for (const name of ["release", "alice"])
    writeFileSync(join(dir, `keys/${name}.pub`), people.publicKey(name));
  const path = join(dir, "manifest.yaml");
  const load = async (audit: string): Promise<Manifest> => {
    writeFileSync(path, `${MANIFEST}    audit: ${audit}\n`);
    return await loadManifest(path, { ...go, cwd: dir, env: {} });
  };
  let manifest = await load("{ backend: oci, retention: 730d }");
  const store = createMemoryStore({ tagCreation, now });
  const gate = createPolicyGate({
    policies: manifest.policies,
    environments: ["prod"],
    repository: "memory/app",
    versionPattern: null,
    now,
  });
  const as = (name: string): Floe =>
    createFloe({
      manifest,
      store,
      signer: createKeySigner({ privateKey: people.privateKey(name) }),
      signerPublicKey: people.publicKey(name),
      verifier: createVerifier(),
      artifactVerifier: createArtifactVerifier({ now }),
      policy: {
        apiVersion: "floe.dev/v1",
        meta: { name: "@floe/policy", version: "0.0.0" },
        gates: [gate],
      },
      plugins: [sqlite as FloePlugin],
      runner: createCommandRunner({ env: {}, tmpDir: tmpdir() }),
      readSecret: () => Promise.reject(new Error("there are no secrets")),
      host: { ...createHost(process.pid), self: () => NOBODY },
      clock: { now, sleep: (ms, options) => sleep(Math.min(ms, 5), undefined, options) },
      logger: { debug() {}, info() {}, warn() {}, progress() {} },
      version: "0.0.0",
    });
  return {
    people,
    store,
    as,
    async promote(version) {
      const built = buildArtifact({ layers: [{ content: `content of ${version}` }] });
      for (const blob of built.blobs) await store.putBlob(blob.descriptor, blob.bytes, go);
      await store.createTag(version, built, go);
      const outcome = await as("release").promote({ version, to: "prod" });
      if (outcome.kind !== "done") throw new Error(JSON.stringify(outcome));
    },
    async move(audit) {
      const next = await load(audit);
      await using floe = as("release");
      await floe.moveLedgers({ to: next.audit });
      manifest = next;
    },
    async bundle() {
      const { lines, left } = await as("release").bundleLedgers();
      if (left.length > 0) throw new Error(left.join("; "));
      return [...lines];
    },
    async prune() {
      const lines: string[] = [];
      const archive = {
        write: async (written: readonly string[]) => void lines.push(...written),
        async *read() {
          yield Buffer.from(lines.map((line) => `${line}\n`).join(""));
        },
      };
      const [done] = await as("release").pruneLedgers({ archive });
      if (done?.status !== "pruned") throw new Error(JSON.stringify(done));
    },
    async checkpoint(name) {
      const [made] = await as(name).checkpoint();
      if (!made) throw new Error("no checkpoint was made");
      return made.note;
    },
    [Symbol.dispose]() {
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Of whatever machine makes the vectors, nothing stands in them. */
const NOBODY = {
  bootId: "00000000-0000-4000-8000-000000000000",
  pidNamespace: "pid:[1]",
  pid: 1,
  processStart: "1",
};

const MANIFEST = `apiVersion: floe.dev/v1
kind: Manifest
metadata: { name: vectors }
identities:
  release: { key: keys/release.pub }
  alice: { key: keys/alice.pub }
artifacts:
  registry: { uri: "oci://registry.example.com/vectors/app" }
  verification: { enforcement: off }
  promotion:
    environments:
      - name: prod
        gates: { policy_compliance: true }
        authorization: { allowed_operators: [release, alice] }
`;
