import { join } from "node:path";
import { canonicalJson, digestHex, digestOf } from "@floe/core/model";
import { isRecord, own } from "../encoding/json-object.ts";
import type { KeylessProof } from "../keyless/keyless-engine.ts";

type Proven = Extract<KeylessProof, { ok: true }>;

/** What a proof rests on; a change of any of it is another proof. */
export interface ProofKey {
  /** Digest over everything that the bundle says. */
  readonly bundle: string;
  /** SHA-256 of the trusted root. */
  readonly trustRoot: string;
  readonly requireRekor: boolean;
}

/** Proofs that were made before, on the disk. Its own trouble is never anybody's: then there is no proof. */
export interface ProofCache {
  get(key: ProofKey): Promise<Proven | null>;
  put(key: ProofKey, proof: Proven): Promise<void>;
}

/** Options of {@link createProofCache}. */
export interface ProofCacheOptions {
  /** The cache's folder; made with the first write. */
  readonly path: string;
  readonly now: () => Date;
  /** How long a proof is believed. Default 24 hours: a trusted root that is revised without notice is noticed by then. */
  readonly maxAgeMs?: number;
  /** Told once why the folder is not used, when somebody else could write into it. Default: nobody. */
  readonly warn?: (message: string) => void;
}

/** Changes whenever another floe, or another library, might come to another proof. */
export const PROOF_VERSION = "1 @sigstore/verify 4.1.3";

const DAY_MS = 86_400_000;
const MAX_FILE_BYTES = 16 * 1024;

/**
 * Opens a cache of what certificates prove: who signed, when, and whether it was logged. A file in it is an unsigned word
 * for "this is trusted", so it counts only as the user's own: a folder that others may write to is not used, nor a file
 * that others may read or write. Failures are never kept, and no policy is: it is judged again on every hit.
 */
export function createProofCache(options: ProofCacheOptions): ProofCache {
  const { path, now, warn } = options;
  const maxAgeMs = options.maxAgeMs ?? DAY_MS;
  const fs = process.getBuiltinModule("node:fs/promises");
  const uid = process.getuid?.();
  let refused = false;

  const fileOf = (key: ProofKey): string =>
    join(path, `${digestHex(digestOf(canonicalJson({ version: PROOF_VERSION, ...key })))}.json`);

  async function isOwnFolder(): Promise<boolean> {
    if (refused) return false;
    const stats = await fs.lstat(path);
    const isOwn = stats.isDirectory() && stats.uid === uid && (stats.mode & 0o022) === 0;
    if (!isOwn) {
      refused = true;
      warn?.(
        `${path} is not used to keep proofs: it must be a folder of your own that nobody else may write to`,
      );
    }
    return isOwn;
  }

  async function read(key: ProofKey): Promise<Proven | null> {
    if (!(await isOwnFolder())) return null;
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = process.getBuiltinModule("node:fs").constants;
    const handle = await fs.open(fileOf(key), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const stats = await handle.stat();
      const isOwn = stats.isFile() && stats.uid === uid && (stats.mode & 0o077) === 0;
      if (!isOwn || stats.size > MAX_FILE_BYTES) return null;
      return parseProof(JSON.parse(await handle.readFile("utf8")), key, now(), maxAgeMs);
    } finally {
      await handle.close();
    }
  }

  async function write(key: ProofKey, proof: Proven): Promise<void> {
    await fs.mkdir(path, { recursive: true, mode: 0o700 });
    if (!(await isOwnFolder())) return;
    const { issuer, subject, time, logged } = proof;
    const text = JSON.stringify({
      version: PROOF_VERSION,
      key,
      proof: { issuer, subject, time: time.toISOString(), logged },
      verified_at: now().toISOString(),
    });
    const file = fileOf(key);
    const temp = `${file}.${process.pid}.tmp`;
    try {
      await fs.writeFile(temp, text, { flag: "wx", mode: 0o600 });
      await fs.rename(temp, file);
    } catch (error) {
      await fs.rm(temp, { force: true });
      throw error;
    }
  }

  return {
    get: async (key) => await read(key).catch(() => null),
    // A full disk, or a folder that may not be written to: then there is no cache.
    put: async (key, proof) => await write(key, proof).catch(() => {}),
  };
}

function parseProof(file: unknown, key: ProofKey, now: Date, maxAgeMs: number): Proven | null {
  // The name of the file says all of it; the content says it again, so that no renaming makes one proof another.
  if (own(file, "version") !== PROOF_VERSION) return null;
  if (canonicalJson(own(file, "key") ?? null) !== canonicalJson({ ...key })) return null;
  const age = now.getTime() - Date.parse(String(own(file, "verified_at")));
  if (!(age >= 0 && age < maxAgeMs)) return null;
  const proof = own(file, "proof");
  if (!isRecord(proof)) return null;
  const { issuer, subject, logged } = proof;
  const time = new Date(String(proof["time"]));
  if (typeof issuer !== "string" || typeof subject !== "string" || typeof logged !== "boolean")
    return null;
  if (Number.isNaN(time.getTime()) || (key.requireRekor && !logged)) return null;
  return { ok: true, issuer, subject, time, logged };
}
