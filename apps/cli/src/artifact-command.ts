import { Flags } from "@oclif/core";
import { FloeCommand, type GlobalFlags } from "./floe-command.ts";
import { type ArtifactTarget, openArtifact } from "./open-artifact.ts";

/** What all artifact commands share: a reference, or `-r URI -t TAG`. */
export abstract class ArtifactCommand extends FloeCommand {
  static override baseFlags = {
    ...FloeCommand.baseFlags,
    tag: Flags.string({ char: "t", description: "Tag, where the reference has none" }),
    insecure: Flags.boolean({
      description: "Speak plain http to a registry that is not on this machine",
    }),
  };

  /** Opens what the command line names. */
  protected async open(
    reference: string | undefined,
    flags: Partial<GlobalFlags> & {
      readonly tag?: string | undefined;
      readonly insecure?: boolean;
    },
  ): Promise<ArtifactTarget> {
    return await openArtifact({
      reference,
      registry: flags.registry,
      tag: flags.tag,
      manifestPath: flags.manifest,
      insecure: flags.insecure ?? false,
      logger: this.logger({ quiet: flags.quiet ?? false, verbose: flags.verbose ?? false }),
      telemetry: this.telemetry,
      env: process.env,
      cwd: process.cwd(),
      version: this.config.version,
      signal: this.signal,
    });
  }
}
