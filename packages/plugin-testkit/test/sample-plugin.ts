import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type {
  FloePlugin,
  Gate,
  GateProvider,
  StandardResult,
  StandardSchema,
} from "@floe/core/plugin";
import { afterAll } from "vitest";
import { fakeSubject, type GateContract } from "../src/index.ts";

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

/** Settings of the sample gate. */
export interface SampleConfig {
  readonly max: number;
}

/** A schema by hand, as a plugin without zod would write it. */
export const SampleSchema: StandardSchema<unknown, SampleConfig> = {
  "~standard": {
    version: 1,
    vendor: "sample",
    validate: (value): StandardResult<SampleConfig> => {
      const { max = 10, ...rest } = value as Record<string, unknown>;
      const issues = Object.keys(rest).map((key) => ({ message: "Unknown key", path: [key] }));
      if (typeof max !== "number") issues.push({ message: "Not a number", path: ["max"] });
      return issues.length > 0 || typeof max !== "number" ? { issues } : { value: { max } };
    },
  },
};

/** A gate that keeps the contract: the manifest may have so many bytes. */
export function sampleGate(config: SampleConfig): Gate {
  return {
    async evaluate(subject, { signal }) {
      signal.throwIfAborted();
      const { size } = subject.artifact;
      if (size === 0) throw new Error("the manifest is empty, nothing can be said of it");
      if (size <= config.max) return { status: "passed", summary: `${size} bytes` };
      return {
        status: "failed",
        summary: `${size} bytes are too many`,
        reasons: [
          {
            code: "TOO_LARGE",
            level: "fail",
            message: "too large",
            measured: size,
            limit: config.max,
          },
        ],
        metrics: { size },
      };
    },
  };
}

/** The plugin around {@link sampleGate}, or around a changed one. */
export function samplePlugin(change: Partial<GateProvider<SampleConfig>> = {}): FloePlugin {
  const gate: GateProvider<SampleConfig> = {
    id: "sample_size",
    summary: "Size of the manifest",
    config: SampleSchema,
    create: (config) => sampleGate(config),
    ...change,
  };
  return {
    apiVersion: "floe.dev/v1",
    meta: { name: "floe-plugin-sample", version: "1.0.0" },
    gates: [gate],
  };
}

/** A package.json on disk that fits the sample plugin, or a changed one. */
export async function samplePackageJson(change: Record<string, unknown> = {}): Promise<URL> {
  const folder = await mkdtemp(join(tmpdir(), "floe-testkit-"));
  folders.push(folder);
  const file = join(folder, "package.json");
  const json = {
    name: "floe-plugin-sample",
    version: "1.0.0",
    type: "module",
    oclif: {},
    floe: { apiVersion: "floe.dev/v1", gates: ["sample_size"], auditBackends: [] },
    ...change,
  };
  await writeFile(file, JSON.stringify(json));
  return pathToFileURL(file);
}

/** The contract of the sample gate. */
export function sampleContract(packageJson: URL): GateContract {
  return {
    packageJson,
    validConfigs: [{}, { max: 3 }],
    invalidConfigs: [{ config: { max: "many" }, path: ["max"] }],
    passing: { config: {}, subject: fakeSubject({ artifact: { size: 5 } }) },
    failing: { config: { max: 3 }, subject: fakeSubject({ artifact: { size: 5 } }) },
    cannotJudge: { config: {}, subject: fakeSubject({ artifact: { size: 0 } }) },
  };
}
