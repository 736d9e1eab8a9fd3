import { FloeError } from "@floe/core/errors";
import { isInternalTag } from "@floe/core/model";
import { Args, Flags } from "@oclif/core";
import { ArtifactCommand } from "../../artifact-command.ts";
import { globMatcher } from "../../glob-matcher.ts";
import { table } from "../../render/table.ts";
import { sortTags } from "../../sort-tags.ts";

export default class List extends ArtifactCommand {
  static override summary = "List the tags of a repository";
  static override description =
    "Versions come last, in the order of semver, each with the environments that it was promoted to.";
  static override examples = [
    "<%= config.bin %> artifact list",
    "<%= config.bin %> artifact list 'v1.*'",
    "<%= config.bin %> artifact list 'v*' --limit 10",
    "<%= config.bin %> artifact list oci://harbor.example.com/acme/app",
    "<%= config.bin %> artifact list -r oci://harbor.example.com/acme/app --all -o json",
  ];
  static override args = {
    pattern: Args.string({
      description: "Only tags that match, where * stands for anything; or a repository",
    }),
  };
  static override flags = {
    all: Flags.boolean({ description: "Also floe's own tags and referrers indexes" }),
    limit: Flags.integer({
      char: "n",
      min: 1,
      description: "At most so many, from the end: the newest versions",
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(List);
    // A tag has neither slashes nor colons, so this is a repository, as crane and oras take it.
    const repository = /[/:]/.test(args.pattern ?? "") ? args.pattern : undefined;
    await using target = await this.open(repository, flags);
    if (repository !== undefined && target.reference !== null)
      throw new FloeError({
        code: "FLOE_USAGE_INVALID",
        message: `${repository} names one artifact, and all tags of a repository are listed`,
        hint: "Leave its tag or digest out, or see: floe artifact inspect",
      });
    const wanted = globMatcher(repository === undefined ? (args.pattern ?? "*") : "*");
    const tags = (await target.store.listTags({ signal: this.signal })).filter(
      (tag) => wanted(tag) && (flags.all || !isInternalTag(tag)),
    );
    const sorted = sortTags(tags, target.rules);
    const rows = flags.limit === undefined ? sorted : sorted.slice(-flags.limit);
    const left = sorted.length - rows.length;
    if (left > 0) this.logger(flags).info(`${left} more left out by --limit`);
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
