import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT } from "@floe/core/errors";
import { FloeCommand } from "../floe-command.ts";
import { paint } from "../render/paint.ts";

/** One step of the tour: a command line, what it shows, and the exit code that it must end with. */
interface Step {
  readonly say: string;
  readonly argv: readonly string[];
  readonly expect?: number;
}

export default class Quickstart extends FloeCommand {
  static override summary =
    "Promote a real artifact through three environments, in a new temporary folder";
  static override description =
    "Runs the commands that a user would run, with real gates, a promotion that is refused for want of a signature, one that the tests refuse, and a rollback, and says where everything is.";
  static override examples = ["<%= config.bin %> quickstart"];

  async run(): Promise<void> {
    await this.parse(Quickstart);
    const folder = await mkdtemp(join(tmpdir(), "floe-quickstart-"));
    process.chdir(folder);
    this.log(`floe quickstart in ${folder}`);
    await this.steps([
      {
        say: "A manifest, two key pairs, an embedded registry and an example artifact:",
        argv: ["init", "--name", "quickstart"],
      },
    ]);
    await this.change('"replicas": 2', '"replicas": 3');
    await this.steps([
      ...promoteAll(
        "v0.1.0",
        "The example artifact goes through the environments, one after the other:",
      ),
      push(
        "v0.2.0",
        "A new version, with three replicas instead of two; nobody has signed it yet:",
      ),
      { say: "dev only warns of that, as the manifest says:", argv: promote("v0.2.0", "dev") },
      {
        say: "staging refuses what nobody has signed:",
        argv: promote("v0.2.0", "staging"),
        expect: EXIT.signature,
      },
      sign("v0.2.0", "Signed with the artifacts' own key:"),
      { say: "Now staging takes it:", argv: promote("v0.2.0", "staging") },
      { say: "And prod:", argv: promote("v0.2.0", "prod") },
    ]);
    await this.change('"replicas": 3', '"replicas": 0');
    await this.steps([
      push("v0.3.0", "A version that nobody should run, signed all the same:"),
      sign("v0.3.0", "A signature says whose it is, not that it works:"),
      { say: "dev takes it:", argv: promote("v0.3.0", "dev") },
      {
        say: "staging runs the tests, and refuses it:",
        argv: promote("v0.3.0", "staging"),
        expect: EXIT.gate,
      },
      {
        say: "prod goes back to the version before:",
        argv: ["rollback", "--env", "prod", "--reason", "quickstart shows a rollback"],
      },
      {
        say: "What happened in prod; every line is a signed event:",
        argv: ["platform", "history", "--env", "prod"],
      },
      { say: "Where everything stands:", argv: ["status"] },
      {
        say: "And whether what prod runs went the whole way, which anybody can check without a key:",
        argv: ["platform", "verify", "--env", "prod"],
      },
    ]);
    this.log(
      [
        "",
        `Everything is in ${folder}:`,
        "  .floe/registry is an OCI image layout; stock tools read it, for example",
        `    oras repo tags --oci-layout ${folder}/.floe/registry`,
        `    oras discover --oci-layout ${folder}/.floe/registry:v0.2.0`,
        "  Go on there: floe status, floe promote …, or start your own with floe init.",
      ].join("\n"),
    );
  }

  private async steps(steps: readonly Step[]): Promise<void> {
    for (const { say, argv, expect = EXIT.ok } of steps) {
      this.signal.throwIfAborted();
      this.log(`\n${say}\n${paint("cyan", `$ floe ${argv.map(quoted).join(" ")}`)}`);
      const id = commandId(argv);
      process.exitCode = EXIT.ok;
      await this.config.runCommand(id, argv.slice(id.split(":").length));
      const code = process.exitCode;
      process.exitCode = EXIT.ok;
      if (code !== expect)
        throw new Error(`floe ${argv.join(" ")} ended with ${code}, and ${expect} was expected`);
      if (expect !== EXIT.ok) this.log(`(exit code ${code})`);
    }
  }

  private async change(from: string, to: string): Promise<void> {
    const text = await readFile("app.json", "utf8");
    if (!text.includes(from)) throw new Error(`app.json has no ${from}`);
    await writeFile("app.json", text.replace(from, to));
  }
}

function push(version: string, say: string): Step {
  return { say, argv: ["artifact", "push", version, "app.json"] };
}

function sign(version: string, say: string): Step {
  return { say, argv: ["artifact", "sign", version, "--key", "keys/artifact.key"] };
}

function promote(version: string, to: string): string[] {
  return ["promote", version, "--to", to];
}

function promoteAll(version: string, say: string): Step[] {
  return [
    { say, argv: promote(version, "dev") },
    {
      say: "staging also runs the tests of checks/app.test.mjs:",
      argv: promote(version, "staging"),
    },
    {
      say: "prod only takes what staging holds, from somebody who may:",
      argv: promote(version, "prod"),
    },
  ];
}

function commandId(argv: readonly string[]): string {
  const [first = "", second = ""] = argv;
  return first === "artifact" || first === "platform" ? `${first}:${second}` : first;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`;
}
