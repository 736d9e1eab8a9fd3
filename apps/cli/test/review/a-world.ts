import { createHash, generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFloe, type Floe, type FloeOptions, type Manifest } from "@floe/core";
import { loadManifest } from "@floe/core/manifest";
import { canonicalJson, type Digest, EMPTY_BLOB, EMPTY_DESCRIPTOR } from "@floe/core/model";
import type { AuditBackend, FloePlugin } from "@floe/core/plugin";
import type { ArtifactStore, Host, Logger, Signer } from "@floe/core/ports";
import { createPolicyGate, policiesSchema } from "@floe/policy";
import { createCommandRunner, createHost } from "@floe/runner";
import {
  createArtifactVerifier,
  createEphemeralSigner,
  createKeySigner,
  createVerifier,
  publicKeyPem,
  signArtifact,
} from "@floe/signing";
import { buildArtifact, createMemoryStore, type MemoryStore } from "@floe/testing";
import { stringify } from "yaml";
import { createFolderAnchors } from "../../src/adapters/folder-anchors.ts";
import { PRETEND_ISSUER, pretendKeyless, pretendSubject } from "../bed/pretend-keyless.ts";

/** For calls that are never aborted. */
export const go = { signal: new AbortController().signal };

/** What a test wants to be different. */
export interface WorldOptions {
  /** As in the manifest. Default dev, staging and prod, where only `release` and `alice` may act. */
  readonly environments?: readonly Readonly<Record<string, unknown>>[];
  readonly audit?: Readonly<Record<string, unknown>>;
  readonly tagCreation?: ArtifactStore["tagCreation"];
  readonly now?: () => Date;
  readonly plugins?: readonly FloePlugin[];
  /** Stores by URI, for repositories besides the manifest's own. */
  readonly repositories?: Readonly<Record<string, ArtifactStore>>;
  readonly openLog?: FloeOptions["openLog"];
  readonly exemptions?: FloeOptions["exemptions"];
  /** `metadata.name`; default `acme`. */
  readonly project?: string;
  /** Identities that the manifest gives another name. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** Identities that are revoked, and since when. */
  readonly revoked?: Readonly<Record<string, Date>>;
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  /** Identities of the manifest besides `release`, `alice` and `bob`. */
  readonly people?: readonly string[];
  /** Of these, who signs with a subject instead of a key; their subject is their name. */
  readonly keyless?: readonly string[];
  /** The value of every secret that a gate names. */
  readonly secret?: string;
  /** Shorter than a manifest allows, for gates that never end. */
  readonly gateSeconds?: number;
}

/** How one run differs from an ordinary one of `release` in this process. */
export interface RunAs {
  readonly who?: string;
  readonly store?: ArtifactStore;
  /** Default: this process, which lives. `dead`: a process that is gone; `elsewhere`: another machine. */
  readonly runsOn?: "dead" | "elsewhere";
  readonly manifest?: Manifest;
  /** An opened audit backend, in place of the manifest's. */
  readonly ledger?: AuditBackend;
  readonly logger?: Logger;
  readonly exemptions?: FloeOptions["exemptions"];
  /** Gives no public key to show for a signer that the manifest does not know. */
  readonly hidesKey?: boolean;
}

/** What tests look at in an event; there is more. */
export interface RawPredicate {
  readonly seq: number;
  readonly size: number;
  readonly kind: string;
  readonly operation: string;
  readonly actor: { readonly identity: string | null };
  readonly body: {
    readonly result?: string;
    readonly version?: string;
    readonly record?: { readonly tag: string };
  };
  readonly state: Readonly<Record<string, unknown>>;
}

/** An event as it stands in the registry, read without floe's own code. */
export interface RawEvent {
  readonly tag: string;
  readonly hash: string;
  readonly bytes: Uint8Array;
  readonly event: RawPredicate;
}

/** A repository, a manifest and people with keys, all in one process. */
export interface World extends AsyncDisposable {
  readonly store: MemoryStore;
  readonly manifest: Manifest;
  /** Signers by name: `release`, `alice`, `bob` (known, may do nothing in staging and prod), `mallory` (unknown). */
  readonly signers: Readonly<Record<string, Signer>>;
  readonly publicKeys: Readonly<Record<string, string>>;
  floe(as?: RunAs): Floe;
  /** The manifest with other content, for "it was changed meanwhile". */
  remake(changes: WorldOptions & { readonly identities?: readonly string[] }): Promise<Manifest>;
  publish(version: string, content?: string): Promise<Digest>;
  promote(version: string, ...environments: string[]): Promise<void>;
  events(environment: string): Promise<RawEvent[]>;
  read(tag: string): Promise<RawEvent>;
  /** Writes an event that `who` signs, as somebody with push rights can. */
  forge(who: string, event: Record<string, unknown>, place?: Partial<ForgePlace>): Promise<string>;
  /** Writes bytes that are there already under another event tag. */
  replay(bytes: Uint8Array, tag: string): Promise<void>;
}

interface ForgePlace {
  readonly tag: string;
  readonly subject: string;
}

const PEOPLE = ["release", "alice", "bob"] as const;

/** Makes a world, removed when the test leaves its scope. */
export async function aWorld(options: WorldOptions = {}): Promise<World> {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "floe-review-")));
  mkdirSync(join(dir, "keys"));
  const signers: Record<string, Signer> = {};
  const publicKeys: Record<string, string> = {};
  const all = [...PEOPLE, ...(options.people ?? [])];
  for (const name of [...all, "artifact"]) {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const publicKey = publicKeyPem(privateKey);
    writeFileSync(join(dir, `keys/${name}.pub`), publicKey);
    const signer = createKeySigner({ privateKey });
    const subject = options.keyless?.includes(name);
    signers[name] = subject ? pretendSubject(signer, name) : signer;
    publicKeys[name] = publicKey;
  }
  const mallory = createEphemeralSigner();
  signers["mallory"] = mallory;
  publicKeys["mallory"] = mallory.publicKeyPem;
  const manifest = await load(dir, options, all);
  const store = createMemoryStore({
    tagCreation: options.tagCreation ?? "atomic",
    ...(options.now ? { now: options.now } : {}),
  });
  const subjects = Object.fromEntries(
    (options.keyless ?? []).map((name) => [name, publicKeys[name] ?? ""]),
  );
  const signerOf = (who: string): Signer => {
    const signer = signers[who];
    if (!signer) throw new Error(`nobody is ${who}`);
    return signer;
  };

  const world: World = {
    store,
    manifest,
    signers,
    publicKeys,
    floe(as = {}) {
      const used = as.manifest ?? manifest;
      const who = as.who ?? "release";
      const parts: FloeOptions = {
        manifest: used,
        store: as.store ?? store,
        signer: signerOf(who),
        signerPublicKey:
          as.hidesKey === true || options.keyless?.includes(who) ? null : (publicKeys[who] ?? null),
        verifier: pretendKeyless(createVerifier(), subjects),
        artifactVerifier: createArtifactVerifier({ now: () => new Date() }),
        policy: policyOf(used),
        plugins: options.plugins ?? [],
        ...(options.repositories
          ? { storeOf: ({ uri }) => options.repositories?.[uri] ?? as.store ?? store }
          : {}),
        openAnchor: async (anchor) => createFolderAnchors(anchor),
        ...(options.openLog ? { openLog: options.openLog } : {}),
        exemptions: as.exemptions ?? options.exemptions ?? [],
        runner: createCommandRunner({ env: process.env, tmpDir: tmpdir() }),
        readSecret: async () => options.secret ?? "",
        host: hostOf(as.runsOn),
        clock: {
          now: () => new Date(),
          sleep: async (ms) => await new Promise((done) => setTimeout(done, Math.min(ms, 5))),
        },
        logger: as.logger ?? { debug() {}, info() {}, warn() {}, progress() {} },
        ...(as.ledger ? { ledger: as.ledger } : {}),
        version: "0.0.0",
      };
      return createFloe(parts);
    },
    remake: async (changes) =>
      await load(dir, { ...options, ...changes }, changes.identities ?? all),
    async publish(version, content = `content of ${version}`) {
      const built = buildArtifact({ layers: [{ content }] });
      for (const blob of built.blobs) await store.putBlob(blob.descriptor, blob.bytes, go);
      await store.createTag(version, built, go);
      const artifact = await store.getManifest(version, go);
      if (!artifact) throw new Error("it is not there");
      await signArtifact({ store, artifact, signer: signerOf("artifact") }, go);
      return artifact.descriptor.digest;
    },
    async promote(version, ...environments) {
      for (const environment of environments) {
        const done = await world.floe().promote({ version, to: environment });
        if (done.kind !== "done")
          throw new Error(
            `${version} to ${environment}: ${JSON.stringify(done.kind === "blocked" ? done.blocking : done.kind)}`,
          );
      }
    },
    async events(environment) {
      const tags = (await store.listTags({ ...go, prefix: `floe-ev.${environment}.` })).sort();
      return await Promise.all(tags.map(async (tag) => await readEvent(store, tag)));
    },
    read: async (tag) => await readEvent(store, tag),
    async forge(who, event, place = {}) {
      const all = await world.events(String(event["environment"]));
      const statement = {
        _type: "https://in-toto.io/Statement/v1",
        subject: [{ name: "x", digest: { sha256: place.subject ?? "0".repeat(64) } }],
        predicateType: "https://floe.dev/attestation/event/v1",
        predicate: event,
      };
      const bytes = await signerOf(who).sign(
        new TextEncoder().encode(canonicalJson(statement)),
        go,
      );
      const slot = `floe-ev.${String(event["environment"])}.${String(event["seq"]).padStart(12, "0")}`;
      const own = all.some(({ tag }) => /-[0-9a-f]{12}$/.test(tag))
        ? `-${leaf(bytes).slice(7, 19)}`
        : "";
      await world.replay(bytes, place.tag ?? slot + own);
      return leaf(bytes);
    },
    async replay(bytes, tag) {
      await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, go);
      const manifest = {
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        artifactType: "application/vnd.floe.ledger.event.v1+json",
        config: EMPTY_DESCRIPTOR,
        layers: [EMPTY_DESCRIPTOR],
        annotations: { "dev.floe.event": new TextDecoder().decode(bytes) },
      };
      const input = {
        bytes: new TextEncoder().encode(JSON.stringify(manifest)),
        mediaType: manifest.mediaType,
      };
      // Where the store keeps tags, nobody overwrites one.
      if (store.tagCreation === "atomic") await store.createTag(tag, input, go);
      else await store.moveTag(tag, input, go);
    },
    async [Symbol.asyncDispose]() {
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return world;
}

/** The leaf hash of RFC 6962. */
function leaf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(Uint8Array.of(0)).update(bytes).digest("hex")}`;
}

async function readEvent(store: ArtifactStore, tag: string): Promise<RawEvent> {
  const raw = await store.getManifest(tag, go);
  if (!raw) throw new Error(`${tag} is gone`);
  const manifest = JSON.parse(new TextDecoder().decode(raw.bytes)) as {
    annotations: Record<string, string>;
    layers: { mediaType: string; digest: Digest; size: number }[];
  };
  const inline = manifest.annotations["dev.floe.event"];
  const [layer] = manifest.layers;
  if (!layer) throw new Error(`${tag} has no layer`);
  const bytes =
    inline === undefined ? await store.getBlob(layer, go) : new TextEncoder().encode(inline);
  const bundle = JSON.parse(new TextDecoder().decode(bytes)) as {
    dsseEnvelope: { payload: string };
  };
  const statement = JSON.parse(
    Buffer.from(bundle.dsseEnvelope.payload, "base64").toString("utf8"),
  ) as {
    predicate: RawPredicate;
  };
  return { tag, bytes, hash: leaf(bytes), event: statement.predicate };
}

function policyOf(manifest: Manifest): FloePlugin {
  const gate = createPolicyGate({
    policies: manifest.policies,
    environments: manifest.environments.map(({ name }) => name),
    repository: "memory/app",
    versionPattern: null,
    now: () => new Date(),
  });
  return {
    apiVersion: "floe.dev/v1",
    meta: { name: "@floe/policy", version: "0.0.0" },
    gates: [gate],
  };
}

function hostOf(runsOn: RunAs["runsOn"]): Host {
  const real = createHost(process.pid);
  if (runsOn === undefined) return real;
  const self = real.self();
  const other =
    runsOn === "dead" ? { ...self, processStart: "1" } : { ...self, bootId: "another machine" };
  return {
    self: () => other,
    stateOf: (run) =>
      runsOn === "elsewhere" && run.bootId !== "another machine" ? "unknown" : real.stateOf(run),
    randomBytes: (count) => real.randomBytes(count),
  };
}

async function load(
  dir: string,
  options: WorldOptions,
  people: readonly string[],
): Promise<Manifest> {
  const gates = { policy_compliance: true };
  const nameOf = (name: string): string => options.renamed?.[name] ?? name;
  const identityOf = (name: string): Readonly<Record<string, unknown>> => {
    const since = options.revoked?.[name];
    const keyless = { issuer: PRETEND_ISSUER, subject: name };
    return {
      ...(options.keyless?.includes(name) ? { keyless } : { key: `keys/${name}.pub` }),
      ...(since === undefined ? {} : { revoked_at: since.toISOString() }),
    };
  };
  const authorization = {
    allowed_operators: ["release", "alice"].filter((name) => people.includes(name)).map(nameOf),
  };
  const path = join(dir, `manifest-${Math.random()}.yaml`);
  const document = {
    apiVersion: "floe.dev/v1",
    kind: "Manifest",
    metadata: { name: options.project ?? "acme" },
    identities: Object.fromEntries(people.map((name) => [nameOf(name), identityOf(name)])),
    groups: options.groups,
    artifacts: {
      registry: { uri: "oci-layout:./registry" },
      verification: { enforcement: "enforce", public_key_ref: "keys/artifact.pub" },
      promotion: {
        environments: options.environments ?? [
          { name: "dev", gates },
          { name: "staging", gates, authorization },
          { name: "prod", gates, authorization },
        ],
        audit: options.audit,
      },
    },
  };
  writeFileSync(path, stringify(document));
  const knownGates = (options.plugins ?? []).flatMap(({ gates: ids = [] }) =>
    ids.map(({ id }) => id),
  );
  const loaded = await loadManifest(path, { ...go, env: {}, policiesSchema, knownGates });
  const timeoutSeconds = options.gateSeconds;
  if (timeoutSeconds === undefined) return loaded;
  const environments = loaded.environments.map((environment) => ({
    ...environment,
    gates: environment.gates.map((gate) => ({ ...gate, timeoutSeconds })),
  }));
  return { ...loaded, environments };
}
