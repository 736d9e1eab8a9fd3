import { EXIT } from "@floe/core/errors";
import { Args, Flags } from "@oclif/core";
import { FloeCommand } from "../../floe-command.ts";
import { diffJson, diffText } from "../../render/diff.ts";

export default class Diff extends FloeCommand {
  static override summary = "Show what differs between two versions, or what two environments run";
  static override description =
    "Compares configuration (components and JSON files member by member), layers, annotations, what the SBOMs list and what the gates said. SBOMs that somebody trusted has signed go first; others are labelled.";
  static override examples = [
    "<%= config.bin %> platform diff staging prod",
    "<%= config.bin %> platform diff v1.2.2 v1.2.3",
    "<%= config.bin %> platform diff prod v1.2.3 --exit-code -o json",
  ];
  static override args = {
    from: Args.string({ required: true, description: "A version, or an environment" }),
    to: Args.string({ required: true, description: "What to compare it with" }),
  };
  static override flags = {
    "exit-code": Flags.boolean({ description: "End with 20 when they are not the same artifact" }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Diff);
    await using composed = await this.compose(flags, { writes: false, withoutGates: true });
    const found = await composed.floe.diff(args, { signal: this.signal });
    await this.result(diffJson(found), () => diffText(found));
    if (flags["exit-code"] && !found.identical) process.exitCode = EXIT.outOfDate;
  }
}
