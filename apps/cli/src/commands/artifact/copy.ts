import { Args, Flags } from "@oclif/core";
import { copyArtifacts } from "../../copy-artifacts.ts";
import { FloeCommand } from "../../floe-command.ts";
import { isBare, openArtifact } from "../../open-artifact.ts";
import {
  copyJson,
  copyProgress,
  copyText,
  copyWarnings,
  summarizeCopy,
} from "../../render/copy.ts";

export default class Copy extends FloeCommand {
  static override summary = "Copy an artifact with all that belongs to it, byte for byte";
  static override description =
    "Between registries, folders (oci-layout:) and archives (oci-archive:), with what is attached: signatures, SBOMs, records. The digest stays. Tags come last; environment tags are written by promotions only.";
  static override examples = [
    "<%= config.bin %> artifact copy v1.2.3 oci://mirror.example.com/acme/app",
    "<%= config.bin %> artifact copy oci://harbor.example.com/acme/app:v1.2.3 oci-archive:app-v1.2.3.tar",
    "<%= config.bin %> artifact copy oci-archive:app-v1.2.3.tar:v1.2.3 oci://registry.inside.example/acme/app",
    "<%= config.bin %> artifact copy oci://harbor.example.com/acme/app oci-layout:./mirror --all-tags 'v1.*'",
    "<%= config.bin %> artifact copy latest-prod oci-layout:./export --with-promotions",
  ];
  static override args = {
    source: Args.string({
      required: true,
      description: "A reference, or a bare tag or digest in the manifest's registry",
    }),
    destination: Args.string({
      required: true,
      description: "A reference; without a tag, the source's tag is kept",
    }),
  };
  static override flags = {
    tag: Flags.string({
      char: "t",
      multiple: true,
      multipleNonGreedy: true,
      description: "Tag at the destination; may be given several times",
    }),
    "all-tags": Flags.string({
      description: "Copy every tag that matches; * stands for anything",
      helpValue: "PATTERN",
    }),
    platform: Flags.string({
      description: "Only one manifest of an index: os/arch or os/arch/variant",
    }),
    "no-referrers": Flags.boolean({ description: "Leave behind what is attached" }),
    "with-promotions": Flags.boolean({
      description:
        "Also what proves its promotions, to verify elsewhere; to a folder or an archive",
    }),
    insecure: Flags.boolean({
      description: "Speak plain http to a registry that is not on this machine",
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Copy);
    const common = {
      tag: undefined,
      manifestPath: flags.manifest,
      insecure: flags.insecure,
      logger: this.logger(flags),
      telemetry: this.telemetry,
      env: process.env,
      cwd: process.cwd(),
      version: this.config.version,
      signal: this.signal,
    };
    // --registry is where a bare tag is looked for; between two full references it means nothing, which is said.
    const ofSource = isBare(args.source) ? flags.registry : undefined;
    const ofTarget = !isBare(args.source) || isBare(args.destination) ? flags.registry : undefined;
    await using source = await openArtifact({
      ...{ ...common, reference: args.source, registry: ofSource },
    });
    await using destination = await openArtifact({
      ...{ ...common, reference: args.destination, registry: ofTarget },
      ...{ writesArchive: true, nearest: source.manifest },
    });
    const logger = this.logger(flags);
    const { repository } = destination.store;
    logger.progress({ scope: "copy", phase: "start", message: source.store.repository });
    const result = await copyArtifacts({
      source,
      destination,
      tags: flags.tag ?? [],
      allTags: flags["all-tags"],
      platform: flags.platform,
      referrers: !flags["no-referrers"],
      promotions: flags["with-promotions"],
      signal: this.signal,
      onProgress: copyProgress(logger, {
        terminal: process.stderr.isTTY === true && process.env["CI"] === undefined,
        now: () => performance.now(),
      }),
    });
    const message = summarizeCopy(result.copies, repository);
    logger.progress({ scope: "copy", phase: "done", message });
    for (const warning of copyWarnings(result)) logger.warn(warning);
    const all = flags["all-tags"] !== undefined;
    const names = { source: source.store.repository, destination: repository, all };
    await this.result(copyJson(result, names), () => copyText(result, all));
  }
}
