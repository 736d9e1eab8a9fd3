import { FloeError } from "@floe/core/errors";
import { type Digest, digestOf } from "@floe/core/model";
import { Args, Flags } from "@oclif/core";
import { ArtifactCommand } from "../../artifact-command.ts";
import { checkArtifactTag, heldBy, taken, writeTag } from "../../open-artifact.ts";
import { parseAnnotations } from "../../parse-flags.ts";
import { parsePushFile, preparePush } from "../../push-files.ts";
import { createByteProgress } from "../../render/byte-progress.ts";
import { pushJson } from "../../render/push.ts";
import { createLayerSender } from "../../send-layers.ts";

const DEFAULT_TYPE = "application/vnd.floe.config.v1";

export default class Push extends ArtifactCommand {
  static override summary = "Push files and folders as one artifact and print its digest";
  static override description =
    "Each file is a layer; a folder is one layer that pull and oras unpack again. The same content has the same digest. A version tag is immutable: pushing the same content again succeeds, other content is refused with 4.";
  static override strict = false;
  static override examples = [
    "<%= config.bin %> artifact push v1.0.0 compiled.json",
    "<%= config.bin %> artifact push v1.0.0 app.json charts/",
    "<%= config.bin %> artifact push -a compiled.json -r oci://harbor.example.com/acme/app -t v1.0.0",
    "<%= config.bin %> artifact push v1.0.0 app-1.0.0.tgz:application/vnd.cncf.helm.chart.content.v1.tar+gzip --config chart.json:application/vnd.cncf.helm.config.v1+json",
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
      description: "File or folder to push; may be given several times",
    }),
    "artifact-type": Flags.string({
      description:
        "artifactType of the manifest; default application/vnd.floe.config.v1, with --config none",
    }),
    config: Flags.string({
      description:
        "FILE:MEDIATYPE of the config, whose media type says what kind of artifact it is",
    }),
    annotation: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      description: "KEY=VALUE for the manifest; may be given several times",
    }),
  };

  async run(): Promise<void> {
    const { flags, argv } = await this.parse(Push);
    const { signal } = this;
    const words = argv as string[];
    const named = flags.registry !== undefined && flags.tag !== undefined;
    const reference = named ? undefined : words[0];
    const files = [...(flags.artifact ?? []), ...words.slice(named ? 0 : 1)].map(parsePushFile);
    if (files.length === 0)
      throw usage(
        "no file to push is given",
        "For example: floe artifact push v1.0.0 compiled.json",
      );
    const config = flags.config === undefined ? undefined : parsePushFile(flags.config);
    if (config?.mediaType === null)
      throw usage(
        `--config ${config.path} has no media type`,
        "For example: --config config.json:application/vnd.cncf.helm.config.v1+json",
      );
    await using target = await this.open(reference, flags);
    const { tag, store } = target;
    if (tag === null)
      throw usage("no tag to push to is given", "Give a reference with a tag, or -t TAG.");
    checkArtifactTag(tag, target.rules);
    const show = (label: string) =>
      createByteProgress(process.stderr, { label, quiet: flags.quiet === true });
    const reading = show("reading");
    const sending = show(`pushing ${tag}`);
    try {
      const onSent = (bytes: number, total: number | undefined) => sending.add(bytes, total);
      await using sender = createLayerSender(store, { signal, onSent });
      let look: Promise<Digest | null> | null = null;
      const lookAhead = async (): Promise<Digest | null> => {
        const held = await heldBy(target, tag, signal);
        // What the tag may take can go while the rest is still being read.
        if (held === null) sender.open();
        return held;
      };
      await using push = await preparePush(files, {
        artifactType: flags["artifact-type"] ?? (config ? null : DEFAULT_TYPE),
        config,
        annotations: parseAnnotations(flags.annotation ?? []),
        signal: sender.signal,
        onRead: (bytes, total) => reading.add(bytes, total),
        onLayer: (layer) => {
          sender.add(layer);
          look ??= lookAhead();
          look.catch(() => {});
        },
      });
      reading.done();
      const digest = digestOf(push.manifest.bytes);
      // Before gigabytes are sent for nothing; the tag is looked at again when it is written.
      const held = await (look ?? lookAhead());
      if (held !== null && held !== digest) throw taken(tag, held);
      sender.open();
      await sender.finish();
      await writeTag(target, tag, push.manifest, signal);
      sending.done();
      this.logger(flags).info(`pushed ${store.repository}:${tag}`);
      await this.result(
        pushJson(push, { digest, tag, repository: store.repository }),
        () => digest,
      );
    } finally {
      reading.done();
      sending.done();
    }
  }
}

function usage(message: string, hint: string): FloeError {
  return new FloeError({ code: "FLOE_USAGE_INVALID", message, hint });
}
