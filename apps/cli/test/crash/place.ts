import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ArtifactStore } from "@floe/core";
import { createLayoutStore, createRegistryStore } from "@floe/oci";
import { createKeySigner, loadPrivateKey, signArtifact } from "@floe/signing";
import {
  buildArtifact,
  type CrashPoint,
  countEnv,
  crashEnv,
  type RegistrySettings,
  readCountedWrites,
  startRegistry,
  type TestRegistry,
  type WriteEvent,
} from "@floe/testing";
import { stringify } from "yaml";
import { floe, type Run, type RunOptions } from "../bed/floe.ts";
import { writeKeys } from "../bed/write-keys.ts";

/** The repository of {@link registryPlace}. */
export const REPOSITORY = "acme/app";

/** A project whose artifacts lie somewhere, with a way to end floe at any of its writes and to begin again. */
export interface Place extends AsyncDisposable {
  /** The project's folder, with manifest and keys. */
  readonly dir: string;
  /** Opens what the artifacts lie in, anew. */
  open(): ArtifactStore;
  run(...args: string[]): Promise<Run>;
  runWith(options: Omit<RunOptions, "cwd">, ...args: string[]): Promise<Run>;
  /** Runs floe and ends it by SIGKILL around one of its writes. */
  killed(point: CrashPoint, ...args: string[]): Promise<Run>;
  /** Runs floe to its end and gives the number of its writes. */
  counted(...args: string[]): Promise<{ readonly run: Run; readonly writes: number }>;
  /** Keeps what is stored now; the returned function brings it back. */
  save(): () => void;
}

/** What {@link folderPlace} and {@link registryPlace} may be told. */
export interface PlaceOptions {
  /** Default: dev and staging with `policy_compliance` alone. */
  readonly environments?: readonly Readonly<Record<string, unknown>>[];
  readonly gateCommands?: Readonly<Record<string, unknown>>;
  /** `artifacts.registry.resilience`. */
  readonly resilience?: Readonly<Record<string, unknown>>;
  /** Versions to publish, signed. */
  readonly versions: readonly string[];
}

/** For calls that are never aborted. */
export const go = { signal: new AbortController().signal };

/** A project with an embedded registry: the store that serialises writers. */
export async function folderPlace(options: PlaceOptions): Promise<Place> {
  const project = makeProject("oci-layout:./.floe/registry", options);
  const { dir } = project;
  const registry = join(dir, ".floe/registry");
  const open = (): ArtifactStore => createLayoutStore({ path: registry, create: true });
  await publish(open(), dir, options.versions);
  let copies = 0;
  return {
    dir,
    open,
    run: project.run,
    runWith: project.runWith,
    killed: (point, ...args) =>
      project.runWith({ env: crashEnv({ dir: registry, ...point }) }, ...args),
    async counted(...args) {
      const countFile = join(dir, "writes");
      rmSync(countFile, { force: true });
      const run = await project.runWith({ env: countEnv({ dir: registry, countFile }) }, ...args);
      return { run, writes: readCountedWrites(countFile).length };
    },
    save() {
      copies += 1;
      const copy = join(dir, `.saved-${copies}`);
      cpSync(registry, copy, { recursive: true });
      return () => {
        rmSync(registry, { recursive: true });
        cpSync(copy, registry, { recursive: true });
      };
    },
    [Symbol.asyncDispose]: project[Symbol.asyncDispose],
  };
}

/** Called round every write of a registry; `"drop"` cuts the connection. */
export type WriteHook = (event: WriteEvent) => unknown;

/** A {@link Place} in a registry over HTTP. */
export interface RegistryPlace extends Place {
  readonly registry: TestRegistry;
  /** Adds a hook; the returned function removes it. */
  onWrite(hook: WriteHook): () => void;
}

/** A project with a registry over HTTP, which cannot serialise writers. */
export async function registryPlace(
  options: PlaceOptions & { readonly settings?: Partial<RegistrySettings> },
): Promise<RegistryPlace> {
  const hooks = new Set<WriteHook>();
  const registry = await startRegistry({
    ...options.settings,
    async onWrite(event) {
      const answers = await Promise.all([...hooks].map((hook) => hook(event)));
      return answers.includes("drop") ? "drop" : undefined;
    },
  });
  const onWrite = (hook: WriteHook): (() => void) => {
    hooks.add(hook);
    return () => hooks.delete(hook);
  };
  const uri = `oci://${registry.host}/${REPOSITORY}`;
  const project = makeProject(uri, options);
  const open = (): ArtifactStore => createRegistryStore({ uri });
  await publish(open(), project.dir, options.versions);
  return {
    registry,
    dir: project.dir,
    open,
    run: project.run,
    runWith: project.runWith,
    onWrite,
    async killed(point, ...args) {
      let pid: number | undefined;
      let seen = 0;
      let over = false;
      const remove = onWrite(({ phase }) => {
        if (phase === "before") seen += 1;
        if (!over && (seen !== point.at || phase !== point.phase || pid === undefined)) return "";
        // What was under way beside it is cut off as well.
        if (!over && pid !== undefined) process.kill(pid, "SIGKILL");
        over = true;
        return "drop";
      });
      try {
        const started = (child: number): void => {
          pid = child;
        };
        return await project.runWith({ started }, ...args);
      } finally {
        remove();
      }
    },
    async counted(...args) {
      const before = registry.writes;
      const run = await project.run(...args);
      return { run, writes: registry.writes - before };
    },
    save() {
      const snapshot = registry.snapshot();
      return () => registry.restore(snapshot);
    },
    async [Symbol.asyncDispose]() {
      await project[Symbol.asyncDispose]();
      await registry.close();
    },
  };
}

function makeProject(
  uri: string,
  options: PlaceOptions,
): Pick<Place, "dir" | "run" | "runWith" | typeof Symbol.asyncDispose> {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "floe-crash-")));
  for (const name of ["release", "artifact"]) writeKeys(dir, name);
  const gates = { policy_compliance: true };
  const manifest = {
    apiVersion: "floe.dev/v1",
    kind: "Manifest",
    metadata: { name: "acme" },
    identities: { release: { key: "keys/release.pub" } },
    artifacts: {
      registry: { uri, resilience: options.resilience },
      signing: { mode: "key-based", private_key_ref: "keys/release.key" },
      verification: { enforcement: "enforce", public_key_ref: "keys/artifact.pub" },
      promotion: {
        environments: options.environments ?? [
          { name: "dev", gates },
          { name: "staging", gates },
        ],
        gate_commands: options.gateCommands,
      },
    },
  };
  writeFileSync(join(dir, "manifest.yaml"), stringify(manifest));
  const runWith: Place["runWith"] = (given, ...args) => floe(args, { ...given, cwd: dir });
  return {
    dir,
    runWith,
    run: (...args) => runWith({}, ...args),
    async [Symbol.asyncDispose]() {
      rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

async function publish(
  store: ArtifactStore,
  dir: string,
  versions: readonly string[],
): Promise<void> {
  const pem = readFileSync(join(dir, "keys/artifact.key"), "utf8");
  const signer = createKeySigner({ privateKey: await loadPrivateKey(pem) });
  for (const version of versions) {
    const built = buildArtifact({ layers: [{ content: `content of ${version}` }] });
    for (const blob of built.blobs) await store.putBlob(blob.descriptor, blob.bytes, go);
    await store.createTag(version, built, go);
    const artifact = { descriptor: built.descriptor, bytes: built.bytes };
    await signArtifact({ store, artifact, signer }, go);
  }
  await store[Symbol.asyncDispose]?.();
}
