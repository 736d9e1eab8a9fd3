import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { aProject, go, type Project } from "../bed/a-project.ts";
import type { Json } from "../bed/floe.ts";
import { writePlugin } from "../bed/write-plugin.ts";
import { problemsOf, schemas } from "./output-schemas.ts";

const reference = readFileSync(
  new URL("../../../../docs/reference/json.md", import.meta.url),
  "utf8",
);

const PLUGIN_FOLDER = "node_modules/floe-plugin-acme";

/** Members under a heading: name, and whether the object always has it. */
function membersUnder(heading: string): ReadonlyMap<string, boolean> {
  const [, after = ""] = reference.split(`\n## ${heading}\n`);
  const [section = ""] = after.split(/^##+ /m);
  const rows = [...section.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)];
  return new Map(rows.map(([, name = "", when = ""]) => [name, when === "always"]));
}

/** Compares what commands printed with the tables: nothing else, everything that is always there, and each at least once. */
function compare(
  headings: readonly string[],
  outputs: readonly Json[],
  without: readonly string[] = [],
): void {
  const members = new Map(headings.flatMap((heading) => [...membersUnder(heading)]));
  for (const name of without) members.delete(name);
  expect(members.size).toBeGreaterThan(1);
  const seen = new Set<string>();
  for (const output of outputs) {
    const keys = Object.keys(output);
    expect(keys.filter((key) => !members.has(key))).toEqual([]);
    const always = [...members].flatMap(([name, is]) => (is ? [name] : []));
    expect(always.filter((name) => !keys.includes(name))).toEqual([]);
    for (const key of keys) seen.add(key);
  }
  expect([...members.keys()].filter((name) => !seen.has(name))).toEqual([]);
  holdAgainstSchema(headings.at(-1) ?? "", outputs);
}

/** Holds what was printed against the schema of docs/reference/schemas. */
function holdAgainstSchema(heading: string, outputs: readonly Json[]): void {
  const name = heading.toLowerCase().replaceAll("--", "").replaceAll(" ", "-");
  const isList = schemas.get(name)?.["type"] === "array";
  const problems = isList
    ? problemsOf(name, outputs)
    : outputs.flatMap((output) => problemsOf(name, output));
  expect(problems).toEqual([]);
}

async function json(project: Project, ...args: string[]): Promise<Json> {
  return (await project.run(...args, "-o", "json")).json;
}

async function rows(project: Project, ...args: string[]): Promise<readonly Json[]> {
  return (await project.run(...args, "-o", "json")).rows;
}

describe("docs/reference/json.md", () => {
  test("describes what promote, rollback, status and history print", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
    const promote = async (...args: string[]) => await json(project, "promote", ...args);
    compare(
      ["promote"],
      [
        await promote("v1.0.0", "--to", "dev", "--dry-run"),
        await promote("v1.0.0", "--to", "dev"),
        await promote("v1.0.0", "--to", "dev", "--if-needed"),
        await promote("v1.0.0", "--to", "dev"),
        await promote("v1.0.0", "--to", "nowhere"),
      ],
    );
    await project.promote("v1.1.0", "dev");
    const rollback = async (...args: string[]) =>
      await json(project, "rollback", "--env", "dev", "--reason", "r", ...args);
    const onlyOfPromotions = [
      ...["promotion_id", "promoted_at", "source_environment", "target_environment"],
      ...["gate_results", "approvals", "estimated_gates_ms", "copy"],
    ];
    compare(
      ["promote", "rollback"],
      [await rollback("--dry-run"), await rollback(), await rollback("v9.9.9")],
      onlyOfPromotions,
    );
    compare(
      ["status"],
      [
        ...(await rows(project, "status")),
        ...(await rows(project, "status", "v1.0.0", "--history", "3")),
        ...(await rows(project, "status", "--at", "1s", "--history", "3")),
      ],
    );
    compare(["history"], await rows(project, "platform", "history"));
  });

  test("describes what diff, list, tag and metrics print", async () => {
    await using project = await aProject({
      versions: ["v1.0.0", "v1.1.0"],
      identities: ["other"],
      environments: [
        {
          name: "dev",
          gates: { policy_compliance: true },
          authorization: { allowed_operators: ["release"] },
        },
      ],
    });
    await project.promote("v1.0.0", "dev");
    const platform = async (command: string, ...args: string[]) =>
      await json(project, "platform", command, ...args);
    compare(["platform diff"], [await platform("diff", "dev", "v1.1.0")]);
    compare(["platform list"], await rows(project, "platform", "list"));
    const tag = ["tag", "--env", "dev"] as const;
    compare(
      ["platform tag"],
      [await platform(...tag), await platform(...tag, "--key", "keys/other.key")],
    );
    compare(["platform metrics"], [await platform("metrics")]);
  });

  test("describes what lock, unlock and reconcile print", async () => {
    await using project = await aProject({
      identities: ["other"],
      environments: [
        {
          name: "dev",
          gates: { policy_compliance: true },
          authorization: { allowed_operators: ["release"] },
        },
      ],
    });
    const lock = ["--env", "dev", "--reason", "r"];
    compare(
      ["lock and unlock"],
      [
        await json(project, "platform", "lock", ...lock),
        await json(project, "platform", "lock", ...lock, "--key", "keys/other.key"),
        await json(project, "platform", "unlock", ...lock),
        await json(project, "platform", "unlock", ...lock),
      ],
    );
    const hold = async (action: string, ...args: string[]) =>
      await json(project, "platform", action, "v1.0.0", "--reason", "r", ...args);
    compare(
      ["adopt"],
      [
        await hold("adopt", "--env", "dev"),
        await hold("adopt", "--env", "dev", "--key", "keys/other.key"),
      ],
    );
    compare(
      ["quarantine and unquarantine"],
      [
        await hold("quarantine"),
        await hold("quarantine", "--key", "keys/other.key"),
        await hold("unquarantine"),
      ],
    );
    compare(["reconcile"], [await json(project, "platform", "reconcile")]);
  });

  test("describes what verify prints, whether or not it is trusted", async () => {
    await using project = await aProject();
    await project.promote("v1.0.0", "dev");
    const verify = async () => await json(project, "platform", "verify", "--env", "dev");
    const good = await verify();
    await project.store.deleteTag("latest-dev", go);
    compare(["platform verify"], [good, await verify()]);
  });

  test("describes what deploy prints", async () => {
    await using project = await aProject();
    const to = ["--target", "helm", "--path", "v.yaml", "--repository", "example.com/app"];
    const deploy = async (...args: string[]) =>
      await json(project, "platform", "deploy", "--env", "dev", ...to, ...args);
    const nothing = await deploy();
    await project.promote("v1.0.0", "dev");
    compare(["platform deploy"], [nothing, await deploy("--check"), await deploy()]);
  });

  test("describes what approve, deny, approvals and accept-policy print", async () => {
    await using project = await aProject({
      identities: ["alice"],
      groups: { approvers: ["alice"] },
      environments: [
        {
          name: "dev",
          gates: { policy_compliance: true },
          authorization: { allowed_operators: ["release"], pin_policy: true },
          approvals: { required: 1, from_groups: ["approvers"] },
        },
      ],
    });
    const of = ["v1.0.0", "--env", "dev", "--key", "keys/alice.key"];
    const approve = ["platform", "approve", ...of];
    compare(
      ["approve and deny"],
      [
        await json(project, ...approve),
        await json(project, "platform", "deny", ...of, "--reason", "r"),
        await json(project, "platform", "deny", ...of, "--withdraw"),
        await json(project, "platform", "approve", "v1.0.0", "--env", "dev"),
      ],
    );
    await project.done(...approve);
    compare(["approvals"], await rows(project, "platform", "approvals"));
    const accept = ["platform", "accept-policy", "--env", "dev", "--reason", "r"];
    compare(
      ["accept-policy"],
      [
        await json(project, ...accept),
        await json(project, ...accept),
        await json(project, ...accept, "--key", "keys/alice.key"),
      ],
    );
    compare(["status"], await rows(project, "status"), ["status", "history", "at"]);
  });

  test("describes what the artifact commands print", async () => {
    await using project = await aProject();
    const artifact = async (command: string, ...args: string[]) =>
      await json(project, "artifact", command, ...args);
    project.write("app.json", "{}");
    compare(["artifact push"], [await artifact("push", "v2.0.0", "app.json")]);
    compare(["artifact sign"], [await artifact("sign", "v2.0.0", "--key", "keys/artifact.key")]);
    project.write("sbom.json", '{"spdxVersion":"SPDX-2.3"}');
    const signed = ["v2.0.0", "--key", "keys/artifact.key"];
    const custom = ["--type", "custom", "--predicate", "app.json"];
    compare(["artifact attest"], [await artifact("attest", ...signed, ...custom)]);
    compare(["artifact sbom"], [await artifact("sbom", ...signed, "--file", "sbom.json")]);
    compare(["artifact sbom --show"], await rows(project, "artifact", "sbom", "v2.0.0", "--show"));
    compare(
      ["artifact verify"],
      [
        await artifact("verify", "v2.0.0"),
        await artifact("verify", "v2.0.0", "--key", "keys/release.pub"),
      ],
    );
    compare(["artifact tag"], [await artifact("tag", "v2.0.0", "edge")]);
    compare(["artifact pull"], [await artifact("pull", "v2.0.0", "-d", "out")]);
    compare(["artifact inspect"], [await artifact("inspect", "v2.0.0")]);
    compare(["artifact list"], await rows(project, "artifact", "list"));
    compare(["artifact referrers"], await rows(project, "artifact", "referrers", "v2.0.0"));
    compare(["artifact referrers --rebuild"], [await artifact("referrers", "--rebuild")]);
    compare(["artifact delete"], [await artifact("delete", "edge", "--yes")]);
    compare(["artifact keygen"], [await artifact("keygen", "--output-key-prefix", "k")]);
  });

  test("describes what compile and publish print", async () => {
    const rules = [{ id: "many", expr: "components.size() > 9", environments: ["prod"] }];
    await using project = await aProject({ versions: [], policies: { rules } });
    const components = "components: [{ name: a, type: service }]";
    project.write(
      "floe.yaml",
      `apiVersion: floe.dev/v1\nkind: Spec\nmetadata: { name: acme }\n${components}\n`,
    );
    const compiled = ["platform", "compile", "--json"];
    compare(
      ["platform compile"],
      [
        (await project.run(...compiled)).json,
        (await project.run(...compiled, "--enforcement-report", "policies.json")).json,
      ],
    );
    compare(
      ["platform publish"],
      [await json(project, "platform", "publish", "v1.0.0", "--key", "keys/artifact.key")],
    );
  });

  test("describes what copies and the cache commands print", async () => {
    await using project = await aProject();
    const artifact = async (command: string, ...args: string[]) =>
      await json(project, "artifact", command, ...args);
    const copy = ["oci-layout:./.floe/registry", "oci-layout:./mirror", "--all-tags", "v*"];
    compare(
      ["artifact copy"],
      [
        await artifact("copy", "v1.0.0", "oci-layout:./copy"),
        await artifact("copy", ...copy),
        await artifact("copy", "v1.0.0", "oci-layout:./export", "--with-promotions"),
      ],
    );
    compare(
      ["artifact cache prune and clear"],
      [await artifact("cache", "prune"), await artifact("cache", "clear")],
    );
  });

  test("describes what the other commands print", async () => {
    await using project = await aProject();
    compare(["gate list"], await rows(project, "gate", "list"));
    const env = { FLOE_DATA_DIR: join(project.dir, "data") };
    const plugins = async (...args: string[]) =>
      await project.runWith({ env }, "plugins", ...args, "-o", "json");
    writePlugin(project.dir, "floe-plugin-acme", { gates: { acme_check: "" } });
    compare(["plugins install and link"], [(await plugins("link", PLUGIN_FOLDER)).json]);
    compare(["plugins"], (await plugins()).rows);
    compare(["plugins new"], [(await plugins("new", "gate", "acme-size")).json]);
    compare(["plugins uninstall"], [(await plugins("uninstall", "floe-plugin-acme")).json]);
    compare(["init"], [await json(project, "init", "elsewhere")]);
    compare(["manifest validate"], [await json(project, "manifest", "validate")]);
    const gate = await json(project, "gate", "run", "policy_compliance", "v1.0.0", "--env", "dev");
    holdAgainstSchema("gate run", [gate]);
    holdAgainstSchema("manifest explain", [await json(project, "manifest", "explain")]);
    const print = ["--env", "dev", "--print", "cosign", "-r", "oci://registry.example.com/acme"];
    holdAgainstSchema("platform verify --print", [
      await json(project, "platform", "verify", ...print),
    ]);
  });

  test("describes what an error prints, with the same members for every command", async () => {
    await using project = await aProject();
    const known = membersUnder("promote");
    const failures = [
      await json(project, "promote", "v9.9.9", "--to", "dev"),
      await json(project, "status", "--env", "nowhere"),
      await json(project, "artifact", "inspect", "v9.9.9"),
      await json(project, "promote"),
    ];
    for (const failure of failures) {
      expect(Object.keys(failure).slice(0, 2)).toEqual(["success", "error"]);
      // What was known by then has the names of an answer.
      expect(Object.keys(failure).filter((key) => !known.has(key))).toEqual([]);
      const error = failure["error"] as Json;
      const { success, trace_id } = failure;
      expect(problemsOf("error", { success, error, trace_id })).toEqual([]);
      expect(Object.keys(error).sort()).toEqual([
        "code",
        "details",
        "exit_code",
        "hint",
        "message",
      ]);
    }
  });
});
