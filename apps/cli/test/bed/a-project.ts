import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ArtifactStore } from "@floe/core";
import type { Digest } from "@floe/core/model";
import { createLayoutStore } from "@floe/oci";
import { createKeySigner, loadPrivateKey, signArtifact } from "@floe/signing";
import { buildArtifact } from "@floe/testing";
import { stringify } from "yaml";
import { floe, type Run, type RunOptions } from "./floe.ts";
import { folderState } from "./folder-state.ts";
import { writeKeys } from "./write-keys.ts";

/** What a test wants to be different from a plain project. */
export interface ProjectOptions {
  /** As in the manifest. Default dev, staging and prod, each with `policy_compliance` alone. */
  readonly environments?: readonly Readonly<Record<string, unknown>>[];
  readonly gateCommands?: Readonly<Record<string, unknown>>;
  /** Default: every artifact must be signed with `keys/artifact.key`. */
  readonly verification?: Readonly<Record<string, unknown>>;
  /** Identities besides `release`, each with a key pair of its name. */
  readonly identities?: readonly string[];
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  readonly plugins?: Readonly<Record<string, unknown>>;
  readonly policies?: Readonly<Record<string, unknown>>;
  /** `artifacts.promotion.audit`. Default: the ledger is in the registry. */
  readonly audit?: Readonly<Record<string, unknown>>;
  /** `artifacts.signing`. Default: `keys/release.key`. */
  readonly signing?: Readonly<Record<string, unknown>>;
  /** Versions to publish, signed. Default v1.0.0. */
  readonly versions?: readonly string[];
}

/** A folder with a manifest, keys and an embedded registry, as a user has it. */
export interface Project extends AsyncDisposable {
  readonly dir: string;
  /** The registry's folder. */
  readonly registry: string;
  readonly store: ArtifactStore;
  /** Runs floe in the folder. */
  run(...args: string[]): Promise<Run>;
  runWith(options: Omit<RunOptions, "cwd">, ...args: string[]): Promise<Run>;
  /** Runs floe and expects success. @throws {Error} another exit code than 0 */
  done(...args: string[]): Promise<Run>;
  /** Promotes a version through environments, one after the other. @throws {Error} one of them refused it */
  promote(version: string, ...environments: string[]): Promise<void>;
  /** Publishes an artifact as another tool would; each version has content of its own. */
  publish(
    version: string,
    options?: { readonly signed?: boolean; readonly content?: string },
  ): Promise<Digest>;
  /** Tags with the digests that they hold. */
  tags(): Promise<Record<string, string>>;
  /** The hash of every file of the registry. */
  registryState(): Promise<string[]>;
  write(path: string, text: string): void;
  read(path: string): string;
}

/** For calls that are never aborted. */
export const go = { signal: new AbortController().signal };

/** Makes a project in a folder of its own, which is removed when the test leaves its scope. */
export async function aProject(options: ProjectOptions = {}): Promise<Project> {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "floe-cli-")));
  const names = ["release", ...(options.identities ?? [])];
  for (const name of [...names, "artifact"]) writeKeys(dir, name);
  writeFileSync(join(dir, "manifest.yaml"), stringify(manifestOf(options, names)));
  const registry = join(dir, ".floe/registry");
  const store = createLayoutStore({
    path: registry,
    create: true,
    uriAsWritten: "./.floe/registry",
  });
  const signer = createKeySigner({
    privateKey: await loadPrivateKey(readFileSync(join(dir, "keys/artifact.key"), "utf8")),
  });

  async function run(...args: string[]): Promise<Run> {
    return await floe(args, { cwd: dir });
  }

  const project: Project = {
    dir,
    registry,
    store,
    run,
    runWith: async (given, ...args) => await floe(args, { ...given, cwd: dir }),
    async done(...args) {
      const ended = await run(...args);
      if (ended.code === 0) return ended;
      throw new Error(
        `floe ${args.join(" ")} ended with ${ended.code}\nstdout: ${ended.stdout}\nstderr: ${ended.stderr}`,
      );
    },
    async promote(version, ...environments) {
      for (const environment of environments)
        await project.done("promote", version, "--to", environment);
    },
    async publish(version, { signed = true, content = `content of ${version}` } = {}) {
      const built = buildArtifact({ layers: [{ content }] });
      for (const blob of built.blobs) await store.putBlob(blob.descriptor, blob.bytes, go);
      await store.createTag(version, built, go);
      const artifact = await store.getManifest(version, go);
      if (!artifact) throw new Error(`${version} is not there after it was pushed`);
      if (signed) await signArtifact({ store, artifact, signer }, go);
      return artifact.descriptor.digest;
    },
    async tags() {
      const entries = (await store.listTags(go)).sort().map(async (tag) => {
        const found = await store.resolve(tag, go);
        return [tag, found?.digest ?? "nothing"] as const;
      });
      return Object.fromEntries(await Promise.all(entries));
    },
    registryState: async () => await folderState(registry),
    write(path, text) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), text);
    },
    read: (path) => readFileSync(join(dir, path), "utf8"),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]?.();
      rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
    },
  };
  for (const version of options.versions ?? ["v1.0.0"]) await project.publish(version);
  return project;
}

function manifestOf(
  options: ProjectOptions,
  names: readonly string[],
): Readonly<Record<string, unknown>> {
  const gates = { policy_compliance: true };
  return {
    apiVersion: "floe.dev/v1",
    kind: "Manifest",
    metadata: { name: "acme" },
    identities: Object.fromEntries(names.map((name) => [name, { key: `keys/${name}.pub` }])),
    groups: options.groups,
    artifacts: {
      registry: { uri: "oci-layout:./.floe/registry" },
      signing: options.signing ?? { mode: "key-based", private_key_ref: "keys/release.key" },
      verification: options.verification ?? {
        enforcement: "enforce",
        public_key_ref: "keys/artifact.pub",
      },
      promotion: {
        environments: options.environments ?? [
          { name: "dev", gates },
          { name: "staging", gates },
          { name: "prod", gates },
        ],
        gate_commands: options.gateCommands,
        policies: options.policies,
        audit: options.audit,
      },
    },
    plugins: options.plugins,
  };
}
