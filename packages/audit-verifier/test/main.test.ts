import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { main } from "../src/main.ts";
import { byFloe, byVerifier, essence, vectorFile, vectors } from "./vectors.ts";

const folder = mkdtempSync(join(tmpdir(), "floe-verifier-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string): string =>
  fileURLToPath(new URL(`../vectors/${name}`, import.meta.url));
const KEYS = ["--key", file("release.pub"), "--key", file("alice.pub")];

/** Runs the program in this process. */
function run(...args: string[]): { code: number; out: string; err: string } {
  let out = "";
  let err = "";
  const code = main(args, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

function written(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const good = vectorFile("good.ndjson").toString();
const lines = good.trimEnd().split("\n");
const [head = "", ...rest] = lines;

/** The good bundle with other lines, its end counted anew. */
function bundleOf(...content: string[]): string {
  return [...content, `{"lines":${content.length},"type":"end"}`, ""].join("\n");
}

describe("floe-audit-verify", () => {
  test("ends with 0 for the good ones and with 18 for everything that was tampered with", () => {
    for (const { name, checkpoint } of vectors) {
      const kept = checkpoint ? ["--checkpoint", file("kept.checkpoint")] : [];
      const { code } = run(...KEYS, ...kept, file(`${name}.ndjson`));
      expect([name, code]).toEqual([name, name.startsWith("good") ? 0 : 18]);
    }
  });

  test("does not take for checked what was not: without keys it ends with 18, unless that is allowed by name", () => {
    const bare = run(file("good.ndjson"));
    expect(bare.code).toBe(18);
    expect(bare.out).toContain("authenticity (not checked): the signatures are by the keys that");
    expect(bare.out).toContain("not trusted: nobody but the bundle says whose it is");
    const allowed = ["--allow-unchecked", "authenticity", "--allow-unchecked", "anchoring"];
    expect(run(...allowed, file("good.ndjson")).code).toBe(0);
    expect(run(...allowed, file("edited.ndjson")).code).toBe(18);
    expect(run("--allow-unchecked", "authenticity", file("good.ndjson")).code).toBe(18);
  });

  test("takes a key of the bundle only when somebody names its id, and none that goes by the name of another", () => {
    const ids = lines.flatMap((line) => {
      const { type, key_id } = JSON.parse(line) as { type: string; key_id: string };
      return type === "key" ? ["--key", key_id] : [];
    });
    expect(ids).toHaveLength(4);
    expect(run(...ids, file("good.ndjson")).code).toBe(0);
    expect(run(...ids, file("rewritten-by-stranger.ndjson")).code).toBe(18);
    const absent = run("--key", `sha256:${"0".repeat(64)}`, file("good.ndjson"));
    expect(absent).toMatchObject({
      code: 2,
      err: expect.stringContaining("the bundle has no key"),
    });
  });

  test("prints the JSON that floe prints", () => {
    const { out } = run(...KEYS, "--json", file("good.ndjson"));
    expect(JSON.parse(out)).toMatchObject([
      {
        environment: "prod",
        events: 8,
        open_intents: [],
        verdicts: { integrity: { verdict: "ok" } },
      },
    ]);
  });

  test.each([
    ["no file", []],
    ["two files", [file("good.ndjson"), file("good.ndjson")]],
    ["a file that is not there", [file("none.ndjson")]],
    ["a folder", [folder]],
    ["an unknown flag", ["--trust", "x", file("good.ndjson")]],
    ["an unknown question", ["--allow-unchecked", "all", file("good.ndjson")]],
    ["a key that is none", ["--key", file("kept.checkpoint"), file("good.ndjson")]],
    ["an environment that is not there", ["--env", "dev", file("good.ndjson")]],
  ])("ends with 2 for %s", (_, args) => {
    expect(run(...args)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^floe-audit-verify: /),
    });
  });
});

describe("a file that is no bundle", () => {
  const endless = `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  const cases: readonly (readonly [string, string])[] = [
    ["an empty file", ""],
    ["something else", "PK\u0003\u0004"],
    ["a bundle without its end", `${lines.slice(0, -1).join("\n")}\n`],
    ["a bundle that was cut in a line", good.slice(0, -10)],
    ["a bundle with something after its end", `${good}{"type":"end","lines":3}\n`],
    ["an end that counts wrong", [head, `{"lines":7,"type":"end"}`, ""].join("\n")],
    ["a member that is written twice", bundleOf(head, `{"type":"event","type":"key"}`)],
    ["white space", bundleOf(`${head} `)],
    ["a newer format", bundleOf(head.replace("bundle/v1", "bundle/v2"))],
    ["a line of an unknown type", bundleOf(head, `{"type":"script"}`)],
    [
      "an event of an environment that is not there",
      bundleOf(head, `{"bytes":"","environment":"__proto__","seq":0,"type":"event"}`),
    ],
    [
      "a slot below zero",
      bundleOf(head, `{"bytes":"","environment":"prod","seq":-1,"type":"event"}`),
    ],
    [
      "bytes that are not base64",
      bundleOf(head, `{"bytes":"?","environment":"prod","seq":0,"type":"event"}`),
    ],
    ["brackets without end", bundleOf(head, endless)],
    ["two beginnings", bundleOf(head, head)],
    [
      "an environment with a path for a name",
      bundleOf(head.replace('"name":"prod"', '"name":"../prod"')),
    ],
  ];

  test.each(cases)("is refused by both: %s", async (_, text) => {
    const bytes = Buffer.from(text);
    expect(() => byVerifier(bytes)).toThrow();
    await expect(byFloe(bytes)).rejects.toMatchObject({ code: "FLOE_AUDIT_BUNDLE_INVALID" });
    expect(run(written("hostile", bytes)).code).toBe(2);
  });

  test("is refused when a line is longer than any that floe writes", async () => {
    const bytes = Buffer.concat([Buffer.from(`${head}\n`), Buffer.alloc(25 * 1024 * 1024, 0x61)]);
    expect(() => byVerifier(bytes)).toThrow("more than");
    await expect(byFloe(bytes)).rejects.toThrow("more than");
  });
});

describe("hostile content", () => {
  const event = (value: unknown, seq: number | string = 0): string => {
    const bytes = Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
    return `{"bytes":"${bytes.toString("base64")}","environment":"prod","seq":${seq},"type":"event"}`;
  };
  const statement = (predicate: unknown): unknown => ({
    dsseEnvelope: {
      payload: Buffer.from(JSON.stringify({ predicate })).toString("base64"),
    },
  });
  const cases: readonly (readonly [string, string])[] = [
    ["prototypes", event(`{"__proto__":{"dsseEnvelope":{"payload":"e30="}}}`)],
    [
      "a body by the name of a method",
      event(
        statement({ kind: "constructor", seq: 0, size: 1, chain: "", prev: null, operation: "" }),
      ),
    ],
    ["null where an object is due", event(statement(null))],
    [
      "a slot as large as numbers get",
      event(
        statement({ kind: "lock", seq: 1, size: 1, chain: "", prev: null, operation: "" }),
        Number.MAX_SAFE_INTEGER,
      ),
    ],
    [
      "rivals that are no list",
      event(
        statement({
          kind: "lock",
          seq: 0,
          size: 1,
          chain: "",
          prev: null,
          operation: "",
          rivals: "x",
        }),
      ),
    ],
    ["brackets without end", event(`${"[".repeat(100_000)}${"]".repeat(100_000)}`)],
    ["bytes that are no text", `{"bytes":"//79","environment":"prod","seq":0,"type":"event"}`],
  ];

  test.each(cases)("is a finding, and the same one for both: %s", async (_, line) => {
    const bytes = Buffer.from(bundleOf(head, line));
    const verifier = byVerifier(bytes);
    expect(verifier[0]?.verdicts.integrity.verdict).toBe("failed");
    expect(essence(verifier)).toEqual(essence(await byFloe(bytes)));
  });

  test("is not checked where a certificate signed it, by neither, and never takes that for ok", async () => {
    const at = lines.findIndex((line) => line.includes('"seq":7,'));
    const stored = JSON.parse(lines[at] ?? "") as { bytes: string };
    const bundle = JSON.parse(Buffer.from(stored.bytes, "base64").toString()) as {
      dsseEnvelope: { payload: string };
      verificationMaterial: unknown;
    };
    const payload = JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString()) as {
      predicate: { actor: unknown };
    };
    const issuer = "https://issuer.example.com";
    payload.predicate.actor = { identity: null, issuer, method: "keyless", subject: "alice" };
    bundle.dsseEnvelope.payload = Buffer.from(JSON.stringify(payload)).toString("base64");
    bundle.verificationMaterial = { certificate: { rawBytes: "MIIB" } };
    const changed = JSON.stringify({
      ...stored,
      bytes: Buffer.from(JSON.stringify(bundle)).toString("base64"),
    });
    const bytes = Buffer.from(bundleOf(...lines.slice(0, at), changed, ...lines.slice(at + 1, -1)));
    const verifier = byVerifier(bytes, { checkpoint: true });
    expect(essence(verifier)).toEqual(essence(await byFloe(bytes, { checkpoint: true })));
    expect(verifier[0]?.verdicts).toMatchObject({
      integrity: { verdict: "ok" },
      authenticity: { verdict: "not_checked", summary: expect.stringContaining("certificates") },
    });
    expect(run(...KEYS, written("keyless", bytes)).code).toBe(18);
  });

  test("never has the two disagree: 200 random changes of the good bundle", async () => {
    // A generator with a seed, so that a failure can be looked at.
    let seed = 20261128;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    const middle = rest.slice(0, -1);
    let changed = 0;
    for (let round = 0; round < 200; round += 1) {
      const content = [...middle];
      const at = random(content.length);
      const line = content[at] ?? "";
      const how = random(5);
      if (how === 0) content.splice(at, 1);
      else if (how === 1) content.splice(random(content.length), 0, line);
      else if (how === 2) content[at] = line.replace(/"seq":\d+/, `"seq":${random(12)}`);
      else {
        // What is around the bytes is little, and decides more.
        const near = Math.min(line.length, 160);
        const place =
          how === 3 ? random(line.length) : (line.length - 80 + random(near)) % line.length;
        const other = 'AZaz09+/\\"{}[]:,'.charAt(random(16));
        content[at] = line.slice(0, place) + other + line.slice(place + 1);
      }
      const bytes = Buffer.from(bundleOf(head, ...content));
      let verifier: unknown;
      try {
        verifier = essence(byVerifier(bytes));
      } catch {
        verifier = null;
      }
      const floe = await byFloe(bytes).then(essence, () => null);
      if (JSON.stringify(content) !== JSON.stringify(middle)) changed += 1;
      expect([round, verifier]).toEqual([round, floe]);
    }
    expect(changed).toBeGreaterThan(150);
  });
});
