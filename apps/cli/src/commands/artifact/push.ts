import { FloeError } from "@floe/core/errors";
import { digestOf } from "@floe/core/model";
import { Args, Flags } from "@oclif/core";
import { ArtifactCommand } from "../../artifact-command.ts";
import { writeTag } from "../../open-artifact.ts";
import { parseAnnotations } from "../../parse-flags.ts";
import { parsePushFile, pushFiles } from "../../push-files.ts";

export default class Push extends ArtifactCommand {
  static override summary = "Push files as one artifact and print its digest";
  static override description =
    "A version tag is immutable: pushing the same content again succeeds, other content is refused with 4.";
  static override strict = false;
  static override examples = [
    "<%= config.bin %> artifact push v1.0.0 compiled.json",
    "<%= config.bin %> artifact push -a compiled.json -r oci://harbor.example.com/acme/app -t v1.0.0",
    "<%= config.bin %> artifact push oci-layout:./registry:v1.0.0 app.json:application/vnd.acme.config+json --annotation org.opencontainers.image.source=https://git.example.com/app",
  ];
  static override args = {
    reference: Args.string({
      description: "Where to: a reference, or a bare tag in the manifest's registry",
    }),
  };
  static override flags = {
    artifact: Flags.string({
      char: "a",
      multiple: true,
      multipleNonGreedy: true,
      description: "File to push; may be given several times",
    }),
    "artifact-type": Flags.string({
      default: "application/vnd.floe.config.v1",
      description: "artifactType of the manifest",
    }),
    annotation: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      description: "KEY=VALUE for the manifest; may be given several times",
    }),
  };

  async run(): Promise<void> {
    const { flags, argv } = await this.parse(Push);
    const words = argv as string[];
    const named = flags.registry !== undefined && flags.tag !== undefined;
    const reference = named ? undefined : words[0];
    const files = [...(flags.artifact ?? []), ...words.slice(named ? 0 : 1)].map(parsePushFile);
    if (files.length === 0)
      throw new FloeError({
        code: "FLOE_USAGE_INVALID",
        message: "no file to push is given",
        hint: "For example: floe artifact push v1.0.0 compiled.json",
      });
    await using target = await this.open(reference, flags);
    const { tag } = target;
    if (tag === null)
      throw new FloeError({
        code: "FLOE_USAGE_INVALID",
        message: "no tag to push to is given",
        hint: "Give a reference with a tag, or -t TAG.",
      });
    const options = {
      artifactType: flags["artifact-type"],
      annotations: parseAnnotations(flags.annotation ?? []),
      signal: this.signal,
    };
    const manifest = await pushFiles(target.store, files, options);
    await writeTag(target, tag, manifest, this.signal);
    const digest = digestOf(manifest.bytes);
    this.logger(flags).info(`pushed ${target.store.repository}:${tag}`);
    await this.result(
      {
        success: true,
        digest,
        tag,
        repository: target.store.repository,
        media_type: manifest.mediaType,
        size: manifest.bytes.byteLength,
      },
      () => digest,
    );
  }
}
