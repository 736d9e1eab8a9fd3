import { createHash } from "node:crypto";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/** Objects by name, and the one thing that is asked of a store: to create one exactly once. */
export interface Bucket {
  /** `false`: there is one already. */
  create(name: string, bytes: Uint8Array): boolean;
  put(name: string, bytes: Uint8Array): void;
  get(name: string): Uint8Array | null;
  delete(name: string): void;
  names(): string[];
}

/** A bucket in this process. */
export function memoryBucket(): Bucket {
  const objects = new Map<string, Uint8Array>();
  return {
    create(name, bytes) {
      if (objects.has(name)) return false;
      objects.set(name, bytes.slice());
      return true;
    },
    put: (name, bytes) => void objects.set(name, bytes.slice()),
    get: (name) => objects.get(name) ?? null,
    delete: (name) => void objects.delete(name),
    names: () => [...objects.keys()],
  };
}

/** A bucket in a folder, for several processes: a hard link is made exactly once, and only of a file that is whole. */
export function folderBucket(folder: string): Bucket {
  mkdirSync(folder, { recursive: true });
  const path = (name: string): string => join(folder, Buffer.from(name).toString("base64url"));
  return {
    create(name, bytes) {
      const whole = join(
        folder,
        `tmp-${createHash("sha256").update(bytes).digest("hex")}-${process.pid}`,
      );
      writeFileSync(whole, bytes);
      try {
        linkSync(whole, path(name));
        return true;
      } catch {
        return false;
      } finally {
        rmSync(whole);
      }
    },
    put: (name, bytes) => writeFileSync(path(name), bytes),
    get: (name) => (existsSync(path(name)) ? readFileSync(path(name)) : null),
    delete: (name) => rmSync(path(name), { force: true }),
    names: () =>
      readdirSync(folder)
        .filter((file) => !file.startsWith("tmp-"))
        .map((file) => Buffer.from(file, "base64url").toString()),
  };
}
