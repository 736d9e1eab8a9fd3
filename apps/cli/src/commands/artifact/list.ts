import { classifyTag, isInternalTag } from "@floe/core/model";
import { Args, Flags } from "@oclif/core";
import { ArtifactCommand } from "../../artifact-command.ts";
import { table } from "../../render/table.ts";

export default class List extends ArtifactCommand {
  static override summary = "List the tags of a repository";
  static override examples = [
    "<%= config.bin %> artifact list",
    "<%= config.bin %> artifact list 'v1.*'",
    "<%= config.bin %> artifact list -r oci://harbor.example.com/acme/app --all -o json",
  ];
  static override args = {
    pattern: Args.string({ description: "Only tags that match; * stands for anything" }),
  };
  static override flags = {
    all: Flags.boolean({ description: "Also floe's own tags and referrers indexes" }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(List);
    await using target = await this.open(undefined, flags);
    const wanted = globMatcher(args.pattern ?? "*");
    const tags = (await target.store.listTags({ signal: this.signal }))
      .filter((tag) => wanted(tag) && (flags.all || !isInternalTag(tag)))
      .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    const rows = tags.map((tag) => ({ tag, kind: classifyTag(tag, target.rules).kind }));
    await this.result(rows, () =>
      rows.length === 0
        ? "No tags."
        : table(
            ["TAG", "KIND"],
            rows.map((row) => [row.tag, row.kind]),
          ),
    );
  }
}

// Only * is special; matched part by part, so that no pattern can take more than linear time.
function globMatcher(pattern: string): (text: string) => boolean {
  const [first = "", ...rest] = pattern.split("*");
  return (text) => {
    if (rest.length === 0) return text === first;
    if (!text.startsWith(first)) return false;
    let at = first.length;
    for (const [index, part] of rest.entries()) {
      if (index === rest.length - 1) return text.length - part.length >= at && text.endsWith(part);
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return true;
  };
}
