// Written for the first snapshot of the plugin contract (packages/core/api/plugin.first.api.d.ts), and frozen: it uses what
// was there then, and nothing that came later. A test compares its hash.
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { link, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

const schemaOf = (validate) => ({
  "~standard": { version: 1, vendor: "floe-plugin-first-contract", validate },
});

/** @type {import("../../../../../packages/core/api/plugin.first.api.js").GateProvider<{ max: number }>} */
const gate = {
  id: "first_check",
  summary: "How many layers an artifact may have",
  config: schemaOf(({ max = 10, ...rest }) =>
    Object.keys(rest).length === 0 && Number.isInteger(max)
      ? { value: { max } }
      : { issues: [{ message: "expected max, a whole number", path: ["max"] }] },
  ),
  create: ({ max }, services) => ({
    async evaluate(subject, { signal }) {
      signal.throwIfAborted();
      services.logger.info(`${subject.gate} looks at ${subject.artifact.version}`);
      const { layers } = JSON.parse(new TextDecoder().decode(subject.artifact.manifest));
      const status = layers.length <= max ? "passed" : "failed";
      const reason = {
        code: "TOO_MANY",
        level: "fail",
        message: `${layers.length} layers`,
        limit: max,
      };
      return {
        status,
        summary: `${layers.length} of at most ${max} layers`,
        reasons: status === "failed" ? [reason] : [],
        metrics: { layers: layers.length },
      };
    },
  }),
};

const name = (seq) => String(seq).padStart(9, "0");

/** @type {import("../../../../../packages/core/api/plugin.first.api.js").AuditBackendProvider<{ path: string }>} */
const backend = {
  id: "first_ledger",
  summary: "Events as files of a folder",
  config: schemaOf(({ path, ...rest }) =>
    typeof path === "string" && Object.keys(rest).length === 0
      ? { value: { path } }
      : { issues: [{ message: "expected a path", path: ["path"] }] },
  ),
  async open({ path }, { signal }) {
    signal.throwIfAborted();
    const folderOf = (chain) => join(path, Buffer.from(chain).toString("hex").slice(-200));
    const slots = async (chain) =>
      (await readdir(folderOf(chain)).catch(() => []))
        .filter((file) => /^\d{9}$/.test(file))
        .sort();
    return {
      capabilities: () => ({
        serialises: "strong",
        durable: "fsync",
        worm: "none",
        scope: "machine",
        maxEventBytes: 1024 * 1024,
      }),
      async claim(chain, seq, bytes, options) {
        options.signal.throwIfAborted();
        const folder = folderOf(chain);
        if (seq > 0 && !existsSync(join(folder, name(seq - 1)))) throw new Error("a gap");
        await mkdir(folder, { recursive: true });
        await writeFile(join(folder, "chain"), chain);
        const draft = join(folder, `draft-${randomUUID()}`);
        await writeFile(draft, bytes);
        try {
          await link(draft, join(folder, name(seq)));
          return { status: "claimed", alreadyMine: false };
        } catch (cause) {
          if (cause.code !== "EEXIST") throw cause;
          const there = await readFile(join(folder, name(seq)));
          return there.equals(bytes)
            ? { status: "claimed", alreadyMine: true }
            : { status: "taken", bytes: there };
        } finally {
          await rm(draft);
        }
      },
      async head(chain) {
        const all = await slots(chain);
        const last = all.at(-1);
        if (last === undefined) return null;
        const seq = Number(last);
        const bytes = await readFile(join(folderOf(chain), last));
        return { seq, entries: [{ seq, bytes }], count: all.length };
      },
      async *read(chain, from, to = Number.MAX_SAFE_INTEGER) {
        for (const slot of await slots(chain)) {
          const seq = Number(slot);
          if (seq >= from && seq <= to)
            yield { seq, bytes: await readFile(join(folderOf(chain), slot)) };
        }
      },
      async *chains() {
        for (const folder of await readdir(path).catch(() => []))
          yield await readFile(join(path, folder, "chain"), "utf8");
      },
    };
  },
};

/** @type {import("../../../../../packages/core/api/plugin.first.api.js").FloePlugin} */
const plugin = {
  apiVersion: "floe.dev/v1",
  meta: { name: "floe-plugin-first-contract", version: "1.0.0" },
  gates: [gate],
  auditBackends: [backend],
};

export default plugin;
