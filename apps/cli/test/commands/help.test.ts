import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { floe } from "../bed/floe.ts";
import { temporaryFolder } from "../bed/temporary-folder.ts";

interface CommandFacts {
  readonly aliases: readonly string[];
  readonly hidden?: boolean;
  readonly examples?: readonly string[];
  readonly summary?: string;
  readonly flags: Readonly<
    Record<string, { readonly description?: string; readonly summary?: string }>
  >;
  readonly args: Readonly<Record<string, { readonly description?: string }>>;
}

const MANIFEST = JSON.parse(
  readFileSync(new URL("../../oclif.manifest.json", import.meta.url), "utf8"),
) as { readonly commands: Readonly<Record<string, CommandFacts>> };
const COMMANDS = Object.entries(MANIFEST.commands).filter(([, command]) => command.hidden !== true);

describe("every command", () => {
  test.each(COMMANDS)("%s --help says what it does, with examples", async (id, command) => {
    await using folder = await temporaryFolder();
    const run = await floe([...id.split(":"), "--help"], { cwd: folder.path });
    expect([run.code, run.stderr]).toEqual([0, ""]);
    expect(run.stdout).toContain("USAGE\n");
    expect(run.stdout).toMatch(/EXAMPLES?\n/);
    expect(run.stdout).toContain(`$ floe ${(command.aliases[0] ?? id).replaceAll(":", " ")}`);
    expect(run.stdout).not.toContain("<%=");
  });

  test("has a summary, and a description for every flag and argument", () => {
    for (const [id, { summary, flags, args }] of COMMANDS) {
      expect([id, summary]).toEqual([id, expect.stringMatching(/\S/)]);
      for (const [name, { description, summary: short }] of Object.entries({
        ...flags,
        ...args,
      }) as [string, { description?: string; summary?: string }][])
        expect([id, name, description ?? short]).toEqual([id, name, expect.stringMatching(/\S/)]);
    }
  });

  test("takes the global flags", () => {
    const global = ["manifest", "output", "json", "registry", "quiet", "verbose", "no-color"];
    for (const [id, { flags }] of COMMANDS)
      expect([id, Object.keys(flags)]).toEqual([id, expect.arrayContaining(global)]);
  });
});

test("floe --help lists topics and commands, and ends with 0", async () => {
  await using folder = await temporaryFolder();
  const run = await floe(["--help"], { cwd: folder.path });
  expect(run.code).toBe(0);
  for (const word of ["platform", "artifact", "gate", "manifest", "plugins", "init", "quickstart"])
    expect(run.stdout).toMatch(new RegExp(`^ {2}${word} `, "m"));
});

test("promote, rollback and status are aliases of the platform commands", () => {
  for (const name of ["promote", "rollback", "status"])
    expect(MANIFEST.commands[`platform:${name}`]?.aliases).toContain(name);
});

describe("what is mistyped", () => {
  test.each([
    [
      ["promot", "v1.0.0", "--to", "dev"],
      'there is no command "promot"',
      "Did you mean: floe promote?",
    ],
    [
      ["platform", "prommote", "v1"],
      'there is no command "platform prommote"',
      "floe platform promote",
    ],
    [
      ["deploy", "--env", "prod"],
      'there is no command "deploy"',
      "Did you mean: floe platform deploy?",
    ],
    [["frobnicate"], 'there is no command "frobnicate"', "floe --help lists the commands."],
    [
      ["rollback"],
      "Missing required flag --env; Missing required flag --reason",
      "floe rollback --help",
    ],
    [["promote"], "Missing 1 required arg", "floe promote --help"],
    [
      ["promote", "v1", "--to", "dev", "--dryrun"],
      "Nonexistent flag: --dryrun",
      "Did you mean --dry-run? ",
    ],
    [
      ["promote", "v1", "--environment", "dev"],
      "Nonexistent flag: --environment",
      "floe promote --help says",
    ],
    [["status", "-o", "xml"], "to be one of: table, json, yaml", "floe status --help"],
  ])("floe %j: %s, and what to do", async (words, message, hint) => {
    await using folder = await temporaryFolder();
    const run = await floe(words, { cwd: folder.path });
    expect([run.code, run.stdout]).toEqual([2, ""]);
    expect(run.stderr).toContain("error FLOE_USAGE_INVALID: ");
    expect(run.stderr).toContain(message);
    expect(run.stderr).toContain(hint);
  });
});
