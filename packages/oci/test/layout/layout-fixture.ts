import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Descriptor,
  digestOf,
  EMPTY_BLOB,
  EMPTY_DESCRIPTOR,
  MEDIA_TYPES,
} from "@floe/core/model";
import type { ArtifactStore, CallOptions, ManifestInput } from "@floe/core/ports";
import { createLayoutStore } from "../../src/layout/create-layout-store.ts";

/** For calls that are never aborted. */
export const go: CallOptions = { signal: new AbortController().signal };

export const bytesOf = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

export function describeBytes(
  bytes: Uint8Array,
  mediaType = "application/octet-stream",
): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
}

/** An artifact manifest over the empty blob; its name makes its digest. */
export function manifest(name: string, subject?: Descriptor): ManifestInput & { d: Descriptor } {
  const bytes = bytesOf({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType: "application/vnd.acme.thing",
    config: EMPTY_DESCRIPTOR,
    layers: [EMPTY_DESCRIPTOR],
    ...(subject === undefined ? {} : { subject }),
    annotations: { name },
  });
  return {
    bytes,
    mediaType: MEDIA_TYPES.ociManifest,
    d: describeBytes(bytes, MEDIA_TYPES.ociManifest),
  };
}

/** An image index over manifests. */
export function imageIndex(children: readonly Descriptor[]): ManifestInput & { d: Descriptor } {
  const bytes = bytesOf({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: children });
  return { bytes, mediaType: MEDIA_TYPES.ociIndex, d: describeBytes(bytes, MEDIA_TYPES.ociIndex) };
}

export interface Layout {
  readonly dir: string;
  readonly store: ArtifactStore;
  /** Another store on the same folder, as the next process makes it. */
  reopen: () => ArtifactStore;
  readIndex: () => { manifests: Record<string, unknown>[]; [key: string]: unknown };
  writeIndex: (index: unknown) => void;
  /** Puts a blob into the folder as another tool does, without the store. */
  writeBlob: (bytes: Uint8Array) => void;
  blobPath: (digest: string) => string;
}

/** A temporary folder that is removed when the test file's hook calls `remove`. */
export function tempFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "floe-layout-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A layout that holds the empty blob and nothing else. */
export async function makeLayout(parent: string, name = "registry"): Promise<Layout> {
  const dir = join(parent, name);
  const store = createLayoutStore({ path: dir, create: true });
  await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, go);
  const blobPath = (digest: string) => join(dir, "blobs", ...digest.split(":"));
  return {
    dir,
    store,
    reopen: () => createLayoutStore({ path: dir }),
    readIndex: () => JSON.parse(readFileSync(join(dir, "index.json"), "utf8")),
    writeIndex: (index) => writeFileSync(join(dir, "index.json"), JSON.stringify(index)),
    writeBlob: (bytes) => writeFileSync(blobPath(digestOf(bytes)), bytes),
    blobPath,
  };
}

export interface ChildResult {
  readonly signal: NodeJS.Signals | null;
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of the `children` folder with the node that runs the tests. */
export async function runChild(
  program: string,
  args: readonly string[],
  options: {
    readonly env?: Record<string, string>;
    readonly uid?: number;
    /** Put before node, for limits that only a shell sets. */
    readonly shellPrefix?: string;
  } = {},
): Promise<ChildResult> {
  const file = fileURLToPath(new URL(`children/${program}`, import.meta.url));
  const node = [process.execPath, "--conditions=@floe/source", file, ...args];
  const [command = "", ...rest] =
    options.shellPrefix === undefined
      ? node
      : ["/bin/sh", "-c", `${options.shellPrefix}; exec "$@"`, "sh", ...node];
  const child = spawn(command, rest, {
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
}
