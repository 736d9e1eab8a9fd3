import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { floe } from "../bed/floe.ts";
import { folderState } from "../bed/folder-state.ts";
import { temporaryFolder } from "../bed/temporary-folder.ts";
import { problemsOf } from "../docs/output-schemas.ts";

describe("floe init", () => {
  test("makes a folder in which the next commands that it names work", async () => {
    await using folder = await temporaryFolder();
    const cwd = folder.path;
    const made = await floe(["init", "shop", "--name", "shop"], { cwd });
    expect([made.code, made.stderr]).toEqual([0, ""]);
    expect(made.stdout).toContain("cd shop");
    const shop = join(cwd, "shop");
    expect(readdirSync(shop).sort()).toEqual([
      ".floe",
      ".gitignore",
      "app.json",
      "checks",
      "floe.yaml",
      "keys",
      "manifest.yaml",
    ]);
    const commands = [...made.stdout.matchAll(/^ {2}floe (.+)$/gm)].map(([, words]) => words ?? "");
    expect(commands.length).toBeGreaterThan(2);
    for (const command of commands) {
      const run = await floe(command.split(" "), { cwd: shop });
      expect([command, run.code]).toEqual([command, 0]);
    }
    expect((await floe(["manifest", "validate"], { cwd: shop })).code).toBe(0);
  });

  test("never overwrites: what is in the way is named, and nothing at all is written", async () => {
    await using folder = await temporaryFolder();
    const cwd = folder.path;
    mkdirSync(join(cwd, "keys"));
    writeFileSync(join(cwd, "keys/release.pub"), "mine");
    writeFileSync(join(cwd, "app.json"), "mine too");
    const before = await folderState(cwd);
    const run = await floe(["init", "-o", "json"], { cwd });
    expect(run.code).toBe(2);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_INIT_EXISTS",
      details: { files: ["app.json", "keys/release.pub"] },
    });
    expect(await folderState(cwd)).toEqual(before);
  });

  test("a second time changes nothing", async () => {
    await using folder = await temporaryFolder();
    const cwd = folder.path;
    expect((await floe(["init", "--json"], { cwd })).json["success"]).toBe(true);
    const before = await folderState(cwd);
    expect((await floe(["init"], { cwd })).code).toBe(2);
    expect(await folderState(cwd)).toEqual(before);
  });

  test("keeps the lines of a .gitignore that is there and adds the keys and the registry", async () => {
    await using folder = await temporaryFolder();
    const cwd = folder.path;
    writeFileSync(join(cwd, ".gitignore"), "node_modules/\nkeys/*.key");
    await floe(["init"], { cwd });
    expect(readFileSync(join(cwd, ".gitignore"), "utf8")).toBe(
      "node_modules/\nkeys/*.key\n.floe/\n",
    );
  });

  test("writes a spec that can be published and promoted as it is", async () => {
    await using folder = await temporaryFolder();
    const cwd = folder.path;
    await floe(["init"], { cwd });
    for (const words of [
      "platform publish v0.2.0",
      "promote v0.2.0 --to dev",
      "promote v0.2.0 --to staging",
    ]) {
      const run = await floe(words.split(" "), { cwd });
      expect([words, run.code, run.stderr]).toEqual([words, 0, expect.any(String)]);
    }
  });
});

describe("floe init --registry", () => {
  test("probes the registry, says what it found, and sets up what works there", async () => {
    await using registry = await startRegistry({ referrers: false });
    await using folder = await temporaryFolder();
    const cwd = folder.path;
    const uri = `oci://${registry.host}/acme/app`;
    const made = await floe(["init", "--registry", uri, "-o", "json"], { cwd });
    expect(made.code).toBe(0);
    expect(problemsOf("init", made.json)).toEqual([]);
    expect(made.json["registry"]).toMatchObject({
      uri,
      found: expect.arrayContaining([expect.stringContaining("no referrers API")]),
    });
    const manifest = readFileSync(join(cwd, "manifest.yaml"), "utf8");
    expect(manifest).toMatch(/^ {4}# referrers: it has no referrers API/m);
    for (const words of ["manifest validate", "platform publish v0.1.0", "promote v0.1.0 --to dev"])
      expect([words, (await floe(words.split(" "), { cwd })).code]).toEqual([words, 0]);
  });

  test("writes nothing where floe cannot work", async () => {
    await using registry = await startRegistry({
      auth: { kind: "basic", username: "alice", password: "secret" },
    });
    await using folder = await temporaryFolder();
    const cwd = folder.path;
    for (const [host, code] of [
      [registry.host, 14],
      ["127.0.0.1:1", 5],
    ] as const) {
      const run = await floe(["init", "--registry", `oci://${host}/acme/app`], { cwd });
      expect(run.code).toBe(code);
    }
    expect(readdirSync(cwd)).toEqual([]);
  });
});
