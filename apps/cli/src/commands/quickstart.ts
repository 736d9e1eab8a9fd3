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
    "Runs the commands that a user would run, with real gates, one refused promotion and one rollback, and says where everything is.";
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
      ...publish("v0.2.0", "A new version, with three replicas instead of two:"),
      ...promoteAll("v0.2.0", "It takes the same way:"),
    ]);
    await this.change('"replicas": 3', '"replicas": 0');
    await this.steps([
      ...publish("v0.3.0", "A version that nobody should run:"),
      { say: "dev takes it:", argv: ["promote", "v0.3.0", "--to", "dev"] },
      {
        say: "staging runs the tests, and refuses it:",
        argv: ["promote", "v0.3.0", "--to", "staging"],
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
      { say: "And where everything stands:", argv: ["status"] },
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

function publish(version: string, say: string): Step[] {
  return [
    { say, argv: ["artifact", "push", version, "app.json"] },
    {
      say: "Signed with the artifacts' own key:",
      argv: ["artifact", "sign", version, "--key", "keys/artifact.key"],
    },
  ];
}

function promoteAll(version: string, say: string): Step[] {
  const to = (environment: string): string[] => ["promote", version, "--to", environment];
  return [
    { say, argv: to("dev") },
    { say: "staging also runs the tests of checks/app.test.mjs:", argv: to("staging") },
    { say: "prod only takes what staging holds, from somebody who may:", argv: to("prod") },
  ];
}

function commandId(argv: readonly string[]): string {
  const [first = "", second = ""] = argv;
  return first === "artifact" || first === "platform" ? `${first}:${second}` : first;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`;
}
