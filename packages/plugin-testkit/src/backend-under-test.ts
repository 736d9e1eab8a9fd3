import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type {
  AuditBackend,
  AuditBackendError,
  AuditBackendProvider,
  AuditClaim,
  AuditEntry,
  FloePlugin,
  StandardIssue,
} from "@floe/core/plugin";
import type { AuditBackendContract, AuditStoreUnderTest } from "./audit-backend-contract.ts";

/** How long a check may wait for an answer of the store, in milliseconds. */
const CALL_MS = 30_000;

/** One store and the clients of it that a check has opened. */
export interface OpenStore {
  readonly store: AuditStoreUnderTest;
  readonly backend: AuditBackend;
  /** A chain that nobody has used. */
  readonly chain: string;
  /** Opens another client of the same store. */
  readonly another: () => Promise<AuditBackend>;
}

/** One audit backend of a plugin, used as floe uses it. */
export interface BackendUnderTest {
  /** What the schema has against settings; empty if nothing. */
  findIssues(config: unknown): Promise<readonly StandardIssue[]>;
  /** Makes a store, opens it, hands both over, and disposes of everything. */
  withStore<Result>(work: (open: OpenStore) => Promise<Result>): Promise<Result>;
}

/** Options of a call that may take its time. */
export function call(): { readonly signal: AbortSignal } {
  return { signal: AbortSignal.timeout(CALL_MS) };
}

/** Finds the provider of an audit backend. */
export function providerOf(plugin: FloePlugin, id: string): AuditBackendProvider {
  const found = plugin.auditBackends?.find((backend) => backend.id === id);
  assert.ok(found !== undefined, `the plugin has no audit backend "${id}"`);
  // What its own schema returned is what `open` takes; no type can say so of a plugin that is only now known.
  return found as AuditBackendProvider;
}

/** Opens a backend the way floe does: its own schema reads the settings. */
export async function openBackend(
  provider: AuditBackendProvider,
  config: unknown,
  baseDir: string,
): Promise<AuditBackend> {
  const result = await provider.config["~standard"].validate(config);
  if (result.issues !== undefined)
    assert.fail(`its schema refuses ${JSON.stringify(config)}: ${JSON.stringify(result.issues)}`);
  return await provider.open(result.value, {
    signal: AbortSignal.timeout(CALL_MS),
    baseDir,
    readSecret: (ref) => readSecret(ref, baseDir),
  });
}

async function readSecret(ref: string, baseDir: string): Promise<string> {
  if (ref.startsWith("env:")) {
    const value = process.env[ref.slice("env:".length)];
    assert.ok(value !== undefined, `${ref} is not set`);
    return value;
  }
  return await readFile(join(baseDir, ref.replace(/^file:/, "")), "utf8");
}

/** Prepares an audit backend of a plugin for checks. The plugin is looked at only when something is asked. */
export function backendUnderTest(
  plugin: FloePlugin,
  id: string,
  contract: AuditBackendContract,
): BackendUnderTest {
  return {
    async findIssues(config) {
      return (await providerOf(plugin, id).config["~standard"].validate(config)).issues ?? [];
    },
    async withStore(work) {
      const provider = providerOf(plugin, id);
      await using store = await contract.makeStore();
      const opened: AuditBackend[] = [];
      const another = async (): Promise<AuditBackend> => {
        const made = await openBackend(provider, store.config, store.baseDir ?? tmpdir());
        opened.push(made);
        return made;
      };
      try {
        const backend = await another();
        return await work({ store, backend, another, chain: newChain() });
      } finally {
        for (const one of opened) await one[Symbol.asyncDispose]?.();
      }
    },
  };
}

/** Names a chain that nobody has used. */
export function newChain(): string {
  return `testkit/${randomUUID()}#prod`;
}

/** Bytes that differ from writer to writer and from slot to slot. */
export function eventOf(writer: string | number, seq: number, size = 200): Uint8Array {
  const text = `{"writer":"${writer}","seq":${seq}}`;
  return new TextEncoder().encode(text.padEnd(size, "."));
}

/** Claims slots `0` to `count - 1`, which must succeed, and returns what was written. */
export async function fill(
  backend: AuditBackend,
  chain: string,
  count: number,
): Promise<Uint8Array[]> {
  const written: Uint8Array[] = [];
  for (let seq = 0; seq < count; seq += 1) {
    const bytes = eventOf("first", seq);
    const claim = await backend.claim(chain, seq, bytes, call());
    assert.equal(claim.status, "claimed", `slot ${seq} of an empty chain`);
    written.push(bytes);
  }
  return written;
}

/** Reads a chain whole, or a part of it. */
export async function readAll(
  backend: AuditBackend,
  chain: string,
  from = 0,
  to?: number,
): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for await (const entry of backend.read(chain, from, to, call())) entries.push(entry);
  return entries;
}

/** Asserts that bytes are the same, and says where they are not. */
export function assertSameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  assert.ok(
    actual instanceof Uint8Array && Buffer.compare(actual, expected) === 0,
    `${what}: ${expected.byteLength} bytes were written, and other bytes (${actual?.byteLength}) came back`,
  );
}

/** Asserts that somebody else has a slot, and that their bytes are shown. */
export function assertTaken(claim: AuditClaim, by: Uint8Array, what: string): void {
  assert.equal(claim.status, "taken", what);
  if (claim.status === "taken") assertSameBytes(claim.bytes, by, `${what}: the bytes shown`);
}

/** Waits for a call that must fail, and returns its error. */
export async function failureOf(
  promise: Promise<unknown>,
  what: string,
): Promise<AuditBackendError> {
  const outcome = await promise.then(
    () => null,
    (error: unknown) => ({ error }),
  );
  assert.ok(outcome !== null, `${what}: it must throw, and did not`);
  const { error } = outcome;
  assert.ok(
    error instanceof Error && error.message.trim() !== "",
    `${what}: it must throw an Error that says why`,
  );
  assert.doesNotMatch(error.message, /\n\s+at /, `${what}: the message holds a stack trace`);
  return error;
}
