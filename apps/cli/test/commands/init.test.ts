import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { floe } from "../bed/floe.ts";
import { folderState } from "../bed/folder-state.ts";
import { temporaryFolder } from "../bed/temporary-folder.ts";

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
});
