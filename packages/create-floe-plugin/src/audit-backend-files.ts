import type { PluginNames } from "./plugin-names.ts";

/** The files of an audit backend that keeps events as files of a folder. */
export function auditBackendFiles(names: PluginNames): Readonly<Record<string, string>> {
  const { package: name, id } = names;
  return {
    "src/index.ts": `import type { AuditBackendProvider, FloePlugin } from "@floe/core/plugin";
import { type Config, schema } from "./config.ts";
import { openFolder } from "./open-folder.ts";

const backend: AuditBackendProvider<Config> = {
  id: "${id}",
  summary: "Events as files of a local folder",
  config: schema,
  // Nothing is made before the first event: reading must not leave anything behind.
  open: async (config, { baseDir }) => openFolder(config, baseDir),
};

// A plain object: nothing of floe is imported when the plugin runs. Name and version are those of package.json.
export default {
  apiVersion: "floe.dev/v1",
  meta: { name: "${name}", version: "0.1.0" },
  auditBackends: [backend],
} satisfies FloePlugin;
`,
    "src/config.ts": `import type { StandardIssue, StandardSchema } from "@floe/core/plugin";

/** The backend's settings: \`audit.with\` in a manifest. */
export interface Config {
  readonly path: string;
}

/** Checks them. A Standard Schema, written out; zod, valibot and arktype schemas are ones as well. */
export const schema: StandardSchema<unknown, Config> = {
  "~standard": {
    version: 1,
    vendor: "${name}",
    validate(value) {
      const { path = ".floe/ledger", ...unknown } = value as Record<string, unknown>;
      const issues: StandardIssue[] = Object.keys(unknown).map((key) => ({ message: "unknown key", path: [key] }));
      if (typeof path !== "string") issues.push({ message: "expected a path", path: ["path"] });
      return typeof path === "string" && issues.length === 0 ? { value: { path } } : { issues };
    },
  },
};
`,
    "src/open-folder.ts": `import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { AuditBackend, AuditEntry, AuditFailure } from "@floe/core/plugin";
import type { Config } from "./config.ts";

const MAX_EVENT_BYTES = 1024 * 1024;

/** An error as floe looks for it: any Error with these members will do. */
function problem(failure: AuditFailure, message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { failure });
}

function codeOf(cause: unknown): string | undefined {
  return (cause as NodeJS.ErrnoException).code;
}

// Names of chains may hold anything, so they are never file names as they are; and one may be longer than a file name.
const nameOf = (chain: string): string => "c-" + Buffer.from(chain).toString("hex");
const chainOf = (name: string): string => Buffer.from(name.slice(2), "hex").toString();
const slotOf = (seq: number): string => String(seq).padStart(16, "0");
const nothing = (): null => null;
const none = (): string[] => [];

async function write(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, "wx", 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Events as files of a local folder. Put your own store in its place: what it must do is in the guide. */
export function openFolder({ path }: Config, baseDir: string): AuditBackend {
  const root = resolve(baseDir, path);
  const folderOf = (chain: string): string =>
    join(root, ...(nameOf(chain).match(/.{1,200}/g) ?? []), "events");
  const slots = async (chain: string): Promise<number[]> =>
    (await readdir(folderOf(chain)).catch(none))
      .filter((name) => /^\\d{16}$/.test(name))
      .sort()
      .map(Number);
  const read = async (chain: string, seq: number): Promise<Uint8Array> =>
    await readFile(join(folderOf(chain), slotOf(seq)));

  return {
    location: "${id}:" + path,

    // Promise what your store does, and no more: floe races it and believes what it sees.
    capabilities: () => ({
      serialises: "strong",
      durable: "fsync",
      worm: "none",
      scope: "machine",
      maxEventBytes: MAX_EVENT_BYTES,
    }),

    async claim(chain, seq, bytes, { signal }) {
      signal.throwIfAborted();
      if (!Number.isSafeInteger(seq) || seq < 0) throw problem("refused", seq + " is no slot");
      if (bytes.byteLength > MAX_EVENT_BYTES) throw problem("refused", "the event is too large");
      const folder = folderOf(chain);
      await mkdir(folder, { recursive: true, mode: 0o700 }).catch((cause) => {
        throw problem(codeOf(cause) === "EACCES" ? "denied" : "unavailable", cause.message, cause);
      });
      if (seq > 0 && !(await stat(join(folder, slotOf(seq - 1))).catch(nothing)))
        throw problem("refused", "slot " + (seq - 1) + " is empty");
      // Whole and on the disk before it has a name; and a name is given once.
      const draft = join(folder, "draft-" + randomUUID());
      try {
        await write(draft, bytes);
        await link(draft, join(folder, slotOf(seq)));
        const entry = await open(folder, "r");
        await entry.sync().finally(() => entry.close());
        return { status: "claimed", alreadyMine: false };
      } catch (cause) {
        const message = cause instanceof Error ? cause.message : String(cause);
        if (codeOf(cause) !== "EEXIST") throw problem("unavailable", message, cause);
      } finally {
        await rm(draft, { force: true });
      }
      const there = await read(chain, seq);
      return Buffer.compare(there, bytes) === 0
        ? { status: "claimed", alreadyMine: true }
        : { status: "taken", bytes: there };
    },

    async head(chain, { signal }) {
      signal.throwIfAborted();
      const all = await slots(chain);
      const seq = all.at(-1);
      if (seq === undefined) return null;
      // The number of events that are there: with a gap it is not seq + 1, and floe sees it.
      return { seq, entries: [{ seq, bytes: await read(chain, seq) }], count: all.length };
    },

    async *read(chain, from, to = Number.MAX_SAFE_INTEGER, { signal }): AsyncGenerator<AuditEntry> {
      signal.throwIfAborted();
      for (const seq of await slots(chain)) {
        signal.throwIfAborted();
        if (seq >= from && seq <= to) yield { seq, bytes: await read(chain, seq) };
      }
    },

    async *chains({ signal }) {
      signal.throwIfAborted();
      for (const path of await readdir(root, { recursive: true }).catch(none))
        if (path.endsWith("/events")) yield chainOf(path.slice(0, -7).replaceAll("/", ""));
    },
  };
}
`,
    "test/contract.test.ts": `import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeAuditBackendContract } from "@floe/plugin-testkit";
import plugin from "../src/index.ts";

describeAuditBackendContract(plugin, "${id}", {
  packageJson: new URL("../package.json", import.meta.url),
  module: new URL("../src/index.ts", import.meta.url),
  validConfigs: [{}, { path: "ledger" }],
  invalidConfigs: [{ config: { path: 1 }, path: ["path"] }],
  async makeStore() {
    const baseDir = await mkdtemp(join(tmpdir(), "ledger-"));
    return { config: {}, baseDir, [Symbol.asyncDispose]: () => rm(baseDir, { recursive: true }) };
  },
});
`,
  };
}
