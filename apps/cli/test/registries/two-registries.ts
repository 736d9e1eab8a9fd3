import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ArtifactStore } from "@floe/core";
import { createLayoutStore, createRegistryStore } from "@floe/oci";
import { createKeySigner, loadPrivateKey, signArtifact } from "@floe/signing";
import {
  buildArtifact,
  type RegistryOptions,
  startRegistry,
  type TestRegistry,
} from "@floe/testing";
import { stringify } from "yaml";
import { floe, type Run, type RunOptions } from "../bed/floe.ts";
import { writeKeys } from "../bed/write-keys.ts";

/** For calls that are never aborted. */
export const go = { signal: new AbortController().signal };

/** A registry of a project, with credentials of its own; none: a folder. */
export interface Site {
  /** As the manifest names it. */
  readonly registry: Readonly<Record<string, unknown>>;
  readonly host: TestRegistry | null;
  open(): ArtifactStore;
  tags(): Promise<Record<string, string>>;
}

/** The repository of every site over HTTP. */
export const REPOSITORY = "acme/app";

/** A project whose environments are in several registries. */
export interface MultiProject extends AsyncDisposable {
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  run(...args: string[]): Promise<Run>;
  runWith(options: Omit<RunOptions, "cwd">, ...args: string[]): Promise<Run>;
  /** @throws {Error} another exit code than 0 */
  done(...args: string[]): Promise<Run>;
}

/** Starts a registry that takes one user's password alone. */
export async function httpSite(
  name: string,
  options: Partial<RegistryOptions> = {},
): Promise<Site & AsyncDisposable> {
  const password = `${name}-password`;
  const host = await startRegistry({
    auth: { kind: "basic", username: name, password },
    ...options,
  });
  const open = (): ArtifactStore =>
    createRegistryStore({
      uri: `oci://${host.host}/${REPOSITORY}`,
      credentials: async () => ({ username: name, password, source: "test" }),
    });
  return {
    registry: {
      uri: `oci://${host.host}/${REPOSITORY}`,
      auth: { type: "basic", credentials_ref: `env:${name.toUpperCase()}_LOGIN` },
      resilience: { retry: { max_attempts: 1 } },
    },
    host,
    open,
    tags: () => tagsOf(open()),
    [Symbol.asyncDispose]: () => host.close(),
  };
}

/** A folder of the project as a registry. */
export function folderSite(path: string): (dir: string) => Site {
  return (dir) => {
    const open = (): ArtifactStore => createLayoutStore({ path: join(dir, path), create: true });
    return {
      registry: { uri: `oci-layout:./${path}` },
      host: null,
      open,
      tags: () => tagsOf(open()),
    };
  };
}

async function tagsOf(store: ArtifactStore): Promise<Record<string, string>> {
  const tags: Record<string, string> = {};
  for (const tag of (await store.listTags(go)).sort())
    tags[tag] = (await store.resolve(tag, go))?.digest ?? "nothing";
  return tags;
}

/** What a {@link multiProject} has. */
export interface MultiOptions {
  /** Where versions are published. */
  readonly primary: Site;
  /** Name and registry; without one it is in the primary. */
  readonly environments: readonly (Readonly<Record<string, unknown>> & { readonly name: string })[];
  readonly versions?: readonly string[];
  /** More of the manifest. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** More of `artifacts`. */
  readonly artifacts?: Readonly<Record<string, unknown>>;
  /** More of `artifacts.promotion`. */
  readonly promotion?: Readonly<Record<string, unknown>>;
}

/** A folder to make sites and a project in. */
export function projectFolder(): string {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "floe-multi-")));
  for (const name of ["release", "artifact"]) writeKeys(dir, name);
  return dir;
}

/** Writes the manifest and publishes versions to the primary, signed. */
export async function multiProject(dir: string, options: MultiOptions): Promise<MultiProject> {
  const gates = { policy_compliance: true };
  const manifest = {
    apiVersion: "floe.dev/v1",
    kind: "Manifest",
    metadata: { name: "acme" },
    identities: { release: { key: "keys/release.pub" } },
    ...options.manifest,
    artifacts: {
      registry: options.primary.registry,
      signing: { mode: "key-based", private_key_ref: "keys/release.key" },
      verification: { enforcement: "enforce", public_key_ref: "keys/artifact.pub" },
      ...options.artifacts,
      promotion: {
        environments: options.environments.map((environment) => ({ gates, ...environment })),
        ...options.promotion,
      },
    },
  };
  writeFileSync(join(dir, "manifest.yaml"), stringify(manifest));
  const store = options.primary.open();
  const pem = readFileSync(join(dir, "keys/artifact.key"), "utf8");
  const signer = createKeySigner({ privateKey: await loadPrivateKey(pem) });
  for (const version of options.versions ?? ["v1.0.0"]) {
    const built = buildArtifact({ layers: [{ content: `content of ${version}` }] });
    for (const blob of built.blobs) await store.putBlob(blob.descriptor, blob.bytes, go);
    await store.createTag(version, built, go);
    const artifact = { descriptor: built.descriptor, bytes: built.bytes };
    await signArtifact({ store, artifact, signer }, go);
  }
  await store[Symbol.asyncDispose]?.();
  const env = {
    ONE_LOGIN: "one:one-password",
    TWO_LOGIN: "two:two-password",
    THREE_LOGIN: "three:three-password",
  };
  const runWith: MultiProject["runWith"] = (given, ...args) =>
    floe(args, { ...given, env: { ...env, ...given.env }, cwd: dir });
  const run: MultiProject["run"] = (...args) => runWith({}, ...args);
  return {
    dir,
    env,
    run,
    runWith,
    async done(...args) {
      const ended = await run(...args);
      if (ended.code === 0) return ended;
      throw new Error(
        `floe ${args.join(" ")} ended with ${ended.code}\nstdout: ${ended.stdout}\nstderr: ${ended.stderr}`,
      );
    },
    async [Symbol.asyncDispose]() {
      rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
