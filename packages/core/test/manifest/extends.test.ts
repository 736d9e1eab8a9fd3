import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { canonicalJson, digestOf } from "../../src/model/index.ts";
import { newPublicKey, openManifestFolder, withArtifacts } from "./manifest-folder.ts";

const BASE = withArtifacts(
  [
    "  tags: { mutable: [main, edge] }",
    "  promotion:",
    "    default_timeout_seconds: 60",
    "    gate_commands: { tests: { command: base, cwd: tools, env: { A: base, B: base } } }",
    "    environments: [{ name: dev }, { name: prod, gates: { tests: true } }]",
  ].join("\n"),
);

describe("extends", () => {
  test("this file wins key by key, and its lists replace", async () => {
    await using folder = await openManifestFolder();
    await folder.write("base/base.yaml", BASE);
    const own =
      "extends: ../base/base.yaml\nmetadata: { name: own }\nartifacts:\n  tags: { mutable: [next] }\n  promotion:\n    gate_commands: { tests: { env: { B: own } } }\n";
    await folder.write("own/manifest.yaml", own);

    const manifest = await folder.load({}, "own/manifest.yaml");

    expect(manifest.metadata.name).toBe("own");
    expect(manifest.tags.mutable).toEqual(["next"]);
    expect(manifest.environments.map((environment) => environment.name)).toEqual(["dev", "prod"]);
    expect(manifest.environments[1]?.gates[1]).toMatchObject({
      command: { argv: ["base"] },
      timeoutSeconds: 60,
      env: { A: "base", B: "own" },
      cwd: join(folder.dir, "base", "tools"),
    });
    expect(manifest.digest).toBe(digestOf(canonicalJson([digestOf(own), digestOf(BASE)])));
  });

  test("paths are relative to the file that wrote them", async () => {
    await using folder = await openManifestFolder();
    await folder.write(
      "base/base.yaml",
      withArtifacts(
        "  registry: { uri: oci-layout:reg }\n  signing: { private_key_ref: keys/a.key }",
      ),
    );
    await folder.write("base/keys/a.pub", newPublicKey());
    await folder.write(
      "base/more.yaml",
      "extends: base.yaml\nidentities: { a: { key: keys/a.pub } }\n",
    );
    await folder.write(
      "own/manifest.yaml",
      "extends: ../base/more.yaml\nartifacts: { signing: { password_ref: file:pw } }\n",
    );

    const manifest = await folder.load({}, "own/manifest.yaml");

    expect(manifest.registry.uri).toBe(`oci-layout:${join(folder.dir, "base", "reg")}`);
    expect(manifest.signing).toMatchObject({
      privateKeyRef: { path: join(folder.dir, "base", "keys", "a.key") },
      passwordRef: { path: join(folder.dir, "own", "pw") },
    });
    expect(manifest.identities[0]?.name).toBe("a");
  });

  test("an error in an extended file names that file", async () => {
    await using folder = await openManifestFolder(
      "extends: base/base.yaml\nartifacts: { tagz: {} }\n",
    );
    await folder.write("base/base.yaml", BASE.replace("dev }", "Dev }"));

    const issues = await folder.issues();

    expect(
      issues.map((issue) => `${issue.file}:${issue.line}:${issue.column} ${issue.path}`),
    ).toEqual([
      "manifest.yaml:2:14 artifacts.tagz",
      "base/base.yaml:11:28 artifacts.promotion.environments[0].name",
    ]);
  });

  test("a syntax error in an extended file is reported there", async () => {
    await using folder = await openManifestFolder("extends: base.yaml\n");
    await folder.write("base.yaml", "a: [1\n");

    expect(await folder.issues()).toMatchObject([{ file: "base.yaml", line: 2, column: 1 }]);
  });

  test.each([
    ["a file that does not exist", "none.yaml", "does not exist"],
    ["a folder", ".", "is not a file"],
    ["a URL", "https://example.com/base.yaml", "not fetched"],
    ["itself", "manifest.yaml", "extend each other: manifest.yaml → manifest.yaml"],
    ["itself by another name", "link.yaml", "extend each other"],
  ])("%s is refused", async (_, path, message) => {
    await using folder = await openManifestFolder(`extends: ${path}\n`);
    await symlink(join(folder.dir, "manifest.yaml"), join(folder.dir, "link.yaml"));

    expect(await folder.issues()).toContainEqual(
      expect.objectContaining({
        line: 1,
        column: 10,
        path: "extends",
        message: expect.stringContaining(message),
      }),
    );
  });

  test("a longer circle is refused with its members", async () => {
    await using folder = await openManifestFolder("extends: a.yaml\n");
    await folder.write("a.yaml", "extends: b.yaml\n");
    await folder.write("b.yaml", "extends: a.yaml\n");

    expect(await folder.issues()).toContainEqual(
      expect.objectContaining({
        file: "b.yaml",
        message: "the files extend each other: manifest.yaml → a.yaml → b.yaml → a.yaml",
      }),
    );
  });

  test("a chain without end is cut", async () => {
    await using folder = await openManifestFolder("extends: 0.yaml\n");
    for (let index = 0; index < 20; index += 1)
      await folder.write(`${index}.yaml`, `extends: ${index + 1}.yaml\n`);

    expect((await folder.issues()).some((issue) => issue.message.includes("more than 16"))).toBe(
      true,
    );
  });

  test("extends that is no text is refused", async () => {
    await using folder = await openManifestFolder("extends: [a.yaml]\n");

    expect((await folder.issues()).some((issue) => issue.path === "extends")).toBe(true);
  });
});
