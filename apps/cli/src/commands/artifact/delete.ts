import { FloeError } from "@floe/core/errors";
import { Args, Flags } from "@oclif/core";
import { askConfirm } from "../../adapters/ask-confirm.ts";
import { ArtifactCommand } from "../../artifact-command.ts";
import { deleteArtifact, describeDeletion, planDeletion } from "../../delete-artifact.ts";

export default class Delete extends ArtifactCommand {
  static override summary = "Delete an artifact, or a tag of it";
  static override description =
    "A tag goes alone while other tags hold its digest; otherwise, and by digest, the artifact goes with all its tags. What an environment runs or ran, and floe's own records, are refused with 4. Asks first; without a terminal, --yes is needed.";
  static override examples = [
    "<%= config.bin %> artifact delete dev-feature-x",
    "<%= config.bin %> artifact delete v0.0.1-rc.1 --yes",
    "<%= config.bin %> artifact delete oci://harbor.example.com/acme/app@sha256:… --yes",
  ];
  static override args = {
    reference: Args.string({
      description: "A reference, or a bare tag or digest in the manifest's registry",
    }),
  };
  static override flags = {
    yes: Flags.boolean({ char: "y", description: "Do not ask" }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Delete);
    const { signal } = this;
    await using target = await this.open(args.reference, flags);
    const { store } = target;
    const deletion = await planDeletion(target, { signal });
    const { digest, onlyTag, tags, kept } = deletion;
    if (!flags.yes) await confirm(describeDeletion(deletion, store.repository));
    const changed = await deleteArtifact(store, deletion, { signal });
    await this.result(
      {
        success: true,
        repository: store.repository,
        digest,
        deleted: onlyTag === null ? "manifest" : "tag",
        tags,
        kept_tags: kept,
        changed,
      },
      () => (onlyTag === null ? `deleted ${digest}` : `deleted the tag ${onlyTag} of ${digest}`),
    );
  }
}

async function confirm(question: string): Promise<void> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true)
    throw new FloeError({
      code: "FLOE_USAGE_INVALID",
      message: `there is no terminal to ask on: ${question}`,
      hint: "Nothing was deleted. Give --yes if that is what you want.",
    });
  if (await askConfirm(question)) return;
  throw new FloeError({ code: "FLOE_INTERRUPTED", message: "nothing was deleted" });
}
