import { parseVersion } from "@floe/core/model";
import { Args } from "@oclif/core";
import { checkSpecVersion, compilePlatform } from "../../compile-platform.ts";
import { FloeCommand } from "../../floe-command.ts";
import { openArtifact } from "../../open-artifact.ts";
import { openArtifactSigner, signerFlags, signerName } from "../../open-artifact-signer.ts";
import { publishPlatform } from "../../publish-platform.ts";
import { specFlag } from "../../spec-flag.ts";

export default class Publish extends FloeCommand {
  static override summary = "Compile, push, describe, sign and tag a version, and print its digest";
  static override description =
    "The version tag is written last: what can be seen is complete. Publishing the same content again changes nothing; a run that was interrupted is finished by the same command.";
  static override examples = [
    "<%= config.bin %> platform publish v1.2.3",
    "<%= config.bin %> platform publish v1.2.3 --spec platform/floe.yaml --key keys/artifact.key -o json",
  ];
  static override args = {
    version: Args.string({ required: true, description: "v1.2.3" }),
  };
  static override flags = { ...signerFlags, ...specFlag };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Publish);
    const { signal } = this;
    const { manifest: manifestPath, registry, spec } = flags;
    const here = { env: process.env, cwd: process.cwd(), version: this.config.version };
    const compiled = await compilePlatform({ manifestPath, registry, spec, signal, ...here });
    const { manifest } = compiled;
    const version = parseVersion(args.version, manifest.tags.versionPattern ?? undefined);
    checkSpecVersion(compiled, version);
    const logger = this.logger(flags);
    const opened = await openArtifactSigner(flags, { manifest, env: process.env, logger, signal });
    await using target = await openArtifact({
      ...{ reference: version, registry, tag: undefined, manifestPath, nearest: manifest },
      ...{ logger, signal, telemetry: this.telemetry, ...here },
    });
    const done = await publishPlatform(compiled, version, target, opened, { signal });
    const { repository } = target.store;
    logger.info(
      done.changed ? `published ${repository}:${version}` : `${version} was published before`,
    );
    const view = {
      success: true,
      version,
      digest: done.digest,
      repository,
      changed: done.changed,
      compiled: done.compiled,
      components: compiled.artifact.components.length,
      sbom: done.sbom,
      signature: done.signature,
      signer: signerName(opened),
    };
    await this.result(view, () => view.digest);
  }
}
