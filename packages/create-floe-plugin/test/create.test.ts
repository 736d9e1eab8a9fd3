import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { pluginNames } from "../src/index.ts";
import { main } from "../src/main.ts";

const folder = mkdtempSync(join(tmpdir(), "floe-create-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the program in the folder. */
function create(...args: string[]) {
  const said = { out: "", err: "" };
  const code = main(args, {
    cwd: folder,
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
  });
  return { code, ...said };
}

describe("the names of a plugin", () => {
  test.each([
    ["layer-limit", "floe-plugin-layer-limit", "layer_limit"],
    ["floe-plugin-layer-limit", "floe-plugin-layer-limit", "layer_limit"],
    ["@acme/layer.limit", "@acme/layer.limit", "layer_limit"],
    ["@acme/floe-plugin-size", "@acme/floe-plugin-size", "size"],
  ])("follow from %s", (name, package_, id) => {
    expect(pluginNames(name)).toMatchObject({ package: package_, id });
  });

  test.each(["", "../x", "Upper", "a b", "oci", "policy-compliance", "1st", `a${"b".repeat(50)}`])(
    "do not follow from %j",
    (name) => {
      expect(pluginNames(name)).toBeNull();
    },
  );
});

describe("npm create floe-plugin", () => {
  test.each(["gate", "audit-backend"])("writes the package of a plugin: %s", (kind) => {
    const run = create(kind, `@acme/${kind}-of-mine`);
    expect(run).toMatchObject({ code: 0, err: "" });
    const root = join(folder, `${kind}-of-mine`);
    const pkg = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const id = `${kind.replace("-", "_")}_of_mine`;
    expect(pkg).toMatchObject({
      name: `@acme/${kind}-of-mine`,
      floe: kind === "gate" ? { gates: [id] } : { auditBackends: [id] },
    });
    for (const path of readdirSync(root, { recursive: true, encoding: "utf8" }))
      if (/\.\w+$/.test(path)) expect(run.out).toContain(path);
  });

  test("never writes into a folder that has something in it", () => {
    expect(create("gate", "twice").code).toBe(0);
    const again = create("audit-backend", "twice");
    expect(again.code).toBe(2);
    expect(again.err).toContain("nothing was written");
    expect(readFileSync(join(folder, "floe-plugin-twice/package.json"), "utf8")).toContain(
      '"gates": [\n      "twice"',
    );
  });

  test("says how it is used, when it is not used like that", () => {
    for (const args of [[], ["gate"], ["hook", "x"], ["gate", "Not A Name"], ["gate", "a", "b"]])
      expect(create(...args)).toMatchObject({ code: 2, err: expect.stringContaining("usage:") });
    expect(create("--help")).toMatchObject({ code: 0, err: "" });
  });
});
