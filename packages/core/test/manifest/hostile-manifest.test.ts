// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${…} is what the manifest writes
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isFloeError } from "../../src/errors/index.ts";
import { openManifestFolder, withArtifacts } from "./manifest-folder.ts";

const MIB = 1024 * 1024;
const tail = "\nkind: Manifest\n";

describe("a hostile manifest gives issues, not a stack trace:", () => {
  test.each<readonly [name: string, text: string, where: string, message: string]>([
    ["1 MiB of open lists", "[".repeat(MIB), "1:1", "nested too deeply"],
    ["1 MiB of open maps", "{".repeat(MIB), "1:1", "nested too deeply"],
    ["1 MiB of list entries on one line", "- ".repeat(MIB / 2), "1:1", "nested too deeply"],
    ["1 MiB of explicit keys", "? ".repeat(MIB / 2), "1:1", "nested too deeply"],
    [
      "maps nested by indentation",
      Array.from({ length: 70 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"),
      "66:66",
      "nested too deeply",
    ],
    ["a key named __proto__", `__proto__: { polluted: true }${tail}`, "1:1", "cannot be a key"],
    [
      "a nested key named __proto__",
      `artifacts:\n  "__proto__": 1${tail}`,
      "2:3",
      "cannot be a key",
    ],
    ["a NUL", `kind: a\0b${tail}`, "1:8", "U+0000"],
    ["an escaped NUL", `kind: "a\\0b"${tail}`, "1:7", "character that text cannot have"],
    ["half a surrogate pair", `kind: "\\ud800"${tail}`, "1:7", "character that text cannot have"],
    ["an escape sequence", `kind: \u001b[31m${tail}`, "1:7", "U+001B"],
    ["text that changes direction", `# \u202e abc${tail}`, "1:3", "direction of text"],
    ["a byte order mark in the middle", `a: 1\n\ufeffb: 1${tail}`, "2:1", "U+FEFF"],
    ["a tab as indentation", `a:\n\tb: 1${tail}`, "2:1", "YAML: Tabs"],
    ["a repeated key", `kind: a\nkind: b\n`, "2:1", "written twice"],
    ["a number as key", `1: a${tail}`, "1:1", "is no text"],
    ["a truth value as key", `true: a${tail}`, "1:1", "is no text"],
    ["nothing as key", `: a${tail}`, "1:1", "is no text"],
    ["a list as key", `[a]: a${tail}`, "1:1", "is no text"],
    ["a map as key", `? { a: 1 }\n: 2${tail}`, "1:3", "is no text"],
    ["a merge key", `a: &a { b: 1 }\nc: { <<: *a }${tail}`, "2:6", "merge keys"],
    ["infinity", `a: .inf${tail}`, "1:4", "too large"],
    ["a number beyond all bounds", `a: 1e999${tail}`, "1:4", "too large"],
    ["an integer that loses digits", `a: 9007199254740993${tail}`, "1:4", "too large"],
    ["a number of 100 000 digits", `a: ${"9".repeat(100_000)}${tail}`, "1:4", "too large"],
    ["a custom tag", `a: !js/function x${tail}`, "1:4", "YAML tags are not allowed"],
    ["binary data", `a: !!binary aGk=${tail}`, "1:4", "YAML tags are not allowed"],
    ["an alias for nothing", `a: *b${tail}`, "1:4", "stands for nothing above it"],
    ["an alias inside its own anchor", `a: &a [*a]${tail}`, "1:8", "stands for nothing above it"],
    ["two documents", `a: 1\n---\nb: 1${tail}`, "2:1", "YAML"],
    ["another version of YAML", `%YAML 1.1\n---\na: yes${tail}`, "1:1", "YAML 1.2"],
    ["an open quote", `a: "b${tail}`, "3:1", "YAML"],
    ["nothing at all", "", "1:1", "is empty"],
    ["only comments", "# a\n# b\n", "1:1", "is empty"],
    ["a list", "- a\n- b\n", "1:1", "expected a map"],
    ["plain text", "hello\n", "1:1", "expected a map"],
  ])("%s", async (_, text, where, message) => {
    await using folder = await openManifestFolder(text);

    const issues = await folder.issues();

    expect(issues.map((issue) => [`${issue.line}:${issue.column}`, issue.message])).toContainEqual([
      where,
      expect.stringContaining(message),
    ]);
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  test("aliases that double ten lists thirty times", async () => {
    const bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
    for (let level = 1; level < 30; level += 1)
      bomb.push(
        `a${level}: &a${level} [${Array(10)
          .fill(`*a${level - 1}`)
          .join(", ")}]`,
      );
    await using folder = await openManifestFolder(bomb.join("\n"));

    expect(
      (await folder.issues()).some((issue) => issue.message.includes("expands to more than")),
    ).toBe(true);
  });

  test("100 000 unknown keys, of which the message lists some", async () => {
    const keys = Array.from({ length: 100_000 }, (_, index) => `k${index}:`).join("\n");
    await using folder = await openManifestFolder(keys);

    const error = await folder.failure();

    expect(error.message.split("\n").length).toBeLessThan(60);
    expect(error.message).toContain("more");
  });

  test.each([
    ["more than 1 MiB", new Uint8Array(MIB + 1).fill(0x23), "larger than 1 MiB"],
    ["bytes that are no UTF-8", new Uint8Array([0x61, 0x3a, 0x20, 0xff]), "not UTF-8"],
    ["UTF-16", new Uint8Array([0xff, 0xfe, 0x61, 0x00]), "not UTF-8"],
  ])("%s", async (_, bytes, message) => {
    await using folder = await openManifestFolder(bytes);

    const error = await folder.failure();

    expect(error).toMatchObject({ code: "FLOE_MANIFEST_INVALID", exitCode: 2 });
    expect(error.message).toContain(message);
  });

  test("a folder, and a path that leads nowhere", async () => {
    await using folder = await openManifestFolder();
    await mkdir(join(folder.dir, "manifest.yaml"));

    expect(await folder.failure()).toMatchObject({ code: "FLOE_MANIFEST_INVALID" });
    expect(await folder.failure({}, "none/manifest.yaml")).toMatchObject({
      code: "FLOE_MANIFEST_NOT_FOUND",
    });
  });

  test("terminal escapes in names do not reach the message", async () => {
    await using folder = await openManifestFolder(
      `"\\e[31m\\u009b": 1\n${withArtifacts('  promotion: { environments: [{ name: "\\e[2J" }] }')}`,
    );

    expect((await folder.failure()).message).not.toMatch(/[^\P{Cc}\n]/u);
  });

  test("any text at all", async () => {
    await using folder = await openManifestFolder();
    const text = fc.string({
      unit: fc.constantFrom(..."ab:{}[]-?&*!|>'\"%@`#,\n \t01.~é".split("")),
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(text, async (written) => {
        await folder.write("manifest.yaml", written);
        const error: unknown = await folder.load().catch((reason: unknown) => reason);
        expect(isFloeError(error, "FLOE_MANIFEST_INVALID"), String(error)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test("any value in any place of a whole manifest", async () => {
    await using folder = await openManifestFolder();
    const value = fc.jsonValue({ maxDepth: 3 });
    const sections = ["identities", "groups", "plugins", "metadata", "artifacts"];
    const parts = [
      "registry",
      "tags",
      "signing",
      "verification",
      "promotion",
      "secondary_registries",
    ];
    const keys = [
      "environments",
      "gate_commands",
      "policies",
      "audit",
      "webhooks",
      "operator",
      "rollback",
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...sections),
        fc.constantFrom(...parts),
        fc.constantFrom(...keys),
        value,
        value,
        value,
        async (section, part, key, a, b, c) => {
          const document = {
            apiVersion: "floe.dev/v1",
            kind: "Manifest",
            metadata: { name: "x" },
            [section]: a,
            ...(section === "artifacts"
              ? {}
              : { artifacts: { [part]: b, promotion: { [key]: c } } }),
          };
          await folder.write("manifest.yaml", JSON.stringify(document));
          const error: unknown = await folder.load().catch((reason: unknown) => reason);
          expect(isFloeError(error, "FLOE_MANIFEST_INVALID"), String(error)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});

test("a byte order mark at the start and Windows line ends are harmless", async () => {
  await using folder = await openManifestFolder(
    `\ufeff${withArtifacts("").replaceAll("\n", "\r\n")}`,
  );

  expect((await folder.load()).metadata.name).toBe("acme");
});

test("an aborted signal stops loading", async () => {
  await using folder = await openManifestFolder(withArtifacts(""));

  await expect(folder.load({ signal: AbortSignal.abort() })).rejects.toMatchObject({
    name: "AbortError",
  });
});
