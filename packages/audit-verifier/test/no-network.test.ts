import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);

const sources = readdirSync(`${root}src`, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith(".ts"))
  .map((name) => ({ name, text: readFileSync(`${root}src/${name}`, "utf8") }));

/** Runs TypeScript in a process of its own, with the permissions of Node.js and without what reaches anything. */
async function alone(program: readonly string[]): Promise<{ code: number; output: string }> {
  const blocked = [
    "--permission",
    "--allow-fs-read=*",
    "--import",
    `${root}test/without-network.ts`,
  ];
  try {
    const { stdout, stderr } = await run(process.execPath, [...blocked, ...program]);
    return { code: 0, output: stdout + stderr };
  } catch (cause) {
    const { code, stdout, stderr } = cause as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

const vector = (name: string): string => `${root}vectors/${name}`;
const program = (...args: string[]): string[] => [
  "--input-type=module-typescript",
  "--eval",
  `import { main } from ${JSON.stringify(`${root}src/main.ts`)};
   process.exitCode = main(${JSON.stringify(args)}, { out: (text) => process.stdout.write(text), err: (text) => process.stderr.write(text) });`,
];

describe("the verifier", () => {
  test("imports crypto, fs and util of Node.js and its own files, and nothing else", () => {
    expect(sources.length).toBeGreaterThan(10);
    const imported = sources.flatMap(({ text }) =>
      [...text.matchAll(/\bfrom "(?<from>[^"]+)"/g)].map(({ groups }) => groups?.["from"] ?? ""),
    );
    expect([...new Set(imported.filter((name) => !name.startsWith("./")))].sort()).toEqual([
      "node:crypto",
      "node:fs",
      "node:util",
    ]);
  });

  test("has no other way to load or reach anything", () => {
    const ways =
      /\bimport\s*\(|\brequire\s*\(|\bimport\s+"|\beval\b|\bFunction\s*\(|\bfetch\b|\bWebSocket\b|getBuiltinModule|process\.binding|\bglobalThis\b/;
    for (const { name, text } of sources)
      expect([name, ways.exec(text)?.[0]]).toEqual([name, undefined]);
    const { dependencies } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as {
      dependencies?: unknown;
    };
    expect(dependencies).toBeUndefined();
  });

  test("verifies with all of that taken away", async () => {
    const keys = ["--key", vector("release.pub"), "--key", vector("alice.pub")];
    const good = await alone(program(...keys, vector("good.ndjson")));
    expect(good).toMatchObject({ code: 0, output: expect.stringContaining("authenticity (ok)") });
    const bad = await alone(program(...keys, vector("swapped.ndjson")));
    expect(bad).toMatchObject({ code: 18, output: expect.stringContaining("event 5: ") });
  });

  test.each([
    ["a network module", `await import("node:net")`],
    ["another one", `import "node:https"`],
    ["fetch", `await fetch("http://127.0.0.1:1/")`],
    ["a process", `await import("node:child_process")`],
  ])("is the only thing that could: %s cannot be had there", async (_, code) => {
    const { code: exit, output } = await alone(["--input-type=module", "--eval", code]);
    expect([exit, output]).toEqual([1, expect.stringContaining("is taken away")]);
  });
});
