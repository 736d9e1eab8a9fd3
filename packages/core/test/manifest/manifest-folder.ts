import { generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { FloeError } from "../../src/errors/index.ts";
import {
  type LoadManifestOptions,
  loadManifest,
  type Manifest,
  type ManifestIssue,
} from "../../src/manifest/index.ts";

/** A folder with a manifest and what it refers to. */
export interface ManifestFolder extends AsyncDisposable {
  readonly dir: string;
  write(path: string, text: string | Uint8Array): Promise<void>;
  /** Loads `manifest.yaml`, or the named file. */
  load(options?: Partial<LoadManifestOptions>, file?: string): Promise<Manifest>;
  /** The errors that loading gives; fails the test when there are none. */
  issues(options?: Partial<LoadManifestOptions>, file?: string): Promise<ManifestIssue[]>;
  /** The error that loading gives. */
  failure(options?: Partial<LoadManifestOptions>, file?: string): Promise<FloeError>;
}

/** Opens an empty folder, with `manifest.yaml` when its text is given. */
export async function openManifestFolder(manifest?: string | Uint8Array): Promise<ManifestFolder> {
  const dir = await mkdtemp(join(tmpdir(), "floe-manifest-"));
  const folder: ManifestFolder = {
    dir,
    async write(path, text) {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, path), text);
    },
    load(options, file = "manifest.yaml") {
      const signal = new AbortController().signal;
      return loadManifest(join(dir, file), { signal, env: {}, cwd: dir, ...options });
    },
    async failure(options, file) {
      try {
        await folder.load(options, file);
      } catch (error) {
        if (error instanceof FloeError) return error;
        throw error;
      }
      throw new Error("the manifest has no errors");
    },
    async issues(options, file) {
      const error = await folder.failure(options, file);
      if (error.code !== "FLOE_MANIFEST_INVALID") throw error;
      return error.details?.["issues"] as unknown[] as ManifestIssue[];
    },
    async [Symbol.asyncDispose]() {
      await rm(dir, { recursive: true, force: true });
    },
  };
  if (manifest !== undefined) await folder.write("manifest.yaml", manifest);
  return folder;
}

/** A new public key in PEM, of a kind that floe takes. */
export function newPublicKey(): string {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return publicKey.export({ format: "pem", type: "spki" }).toString();
}

const HEAD = `apiVersion: floe.dev/v1
kind: Manifest
metadata: { name: acme }
`;
const REGISTRY = "  registry: { uri: oci://harbor.example.com/acme/app }\n";
const VERIFICATION = "  verification: { enforcement: off }\n";

/** A manifest whose `artifacts` has the given lines (indented by two) beside what is always needed. */
export function withArtifacts(lines: string): string {
  const registry = /^ {2}registry:/m.test(lines) ? "" : REGISTRY;
  const verification = /^ {2}verification:/m.test(lines) ? "" : VERIFICATION;
  return `${HEAD}artifacts:\n${registry}${verification}${lines}\n`;
}

/** A manifest with one environment, `prod`, with the given gates as a flow map; line 9 holds them. */
export function withGates(gates: string, more = ""): string {
  return withArtifacts(
    `  promotion:\n    environments:\n      - name: prod\n        gates: ${gates}${more === "" ? "" : `\n${more}`}`,
  );
}
