import { findEnvironment, type Manifest } from "@floe/core";
import { Args, Flags } from "@oclif/core";
import type { Composed } from "../../compose.ts";
import { FloeCommand, type GlobalFlags } from "../../floe-command.ts";
import { verificationJson, verificationText } from "../../render/verification.ts";
import { parseVerifyTarget, resolveVerifyTarget } from "../../verify-target.ts";

const SAMPLES = ["cosign", "flux", "kyverno", "policy-controller"] as const;

export default class Verify extends FloeCommand {
  static override summary =
    "Is what an environment holds there by a complete chain of valid records?";
  static override description =
    "Walks from the environment through the signed records back to the first one, and judges each by the policy in force then. Reads only: it needs no key and runs no gate. For a version or reference it says whether that is, or was, there.";
  static override examples = [
    "<%= config.bin %> platform verify --env prod",
    "<%= config.bin %> platform verify v1.2.3 --env prod --require-current-policy",
    "<%= config.bin %> platform verify harbor.example.com/acme/app@sha256:… --env prod -o json",
    "<%= config.bin %> platform verify --env prod --registry oci-layout:./export",
    "<%= config.bin %> platform verify --env prod --print kyverno",
  ];
  static override args = {
    version: Args.string({
      description: "Version, digest or reference; default what the environment runs",
    }),
  };
  static override flags = {
    env: Flags.string({ required: true, description: "Environment to verify" }),
    "require-current-policy": Flags.boolean({
      description: "Refuse what was promoted by another policy than today's",
    }),
    print: Flags.option({
      options: SAMPLES,
      description: "Print a sample for another verifier instead, with the manifest's keys",
    })(),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Verify);
    const started = performance.now();
    const target = await parseVerifyTarget(args.version, flags.registry);
    const { composed, copy } = await this.#open(target.registry, flags);
    await using _ = composed;
    const { floe, manifest } = composed;
    const store = copy
      ? composed.store
      : composed.storeOf(findEnvironment(manifest, flags.env).registry);
    if (flags.print !== undefined) {
      const { printSample } = await import("../../samples/print-sample.ts");
      const sample = printSample(flags.print, manifest, flags.env, new Date());
      await this.result({ environment: flags.env, print: flags.print, sample }, () => sample);
      return;
    }
    const found = await floe.verify(
      {
        environment: flags.env,
        ...(await resolveVerifyTarget(target, store, manifest, this.signal)),
        requireCurrentPolicy: flags["require-current-policy"],
        copy,
      },
      { signal: this.signal },
    );
    const measured = { durationMs: performance.now() - started, stats: composed.stats };
    await this.result(verificationJson(found, measured), () => verificationText(found));
    process.exitCode = found.blocking[0]?.exitCode ?? 0;
  }

  // A reference into the repository that the environment has to itself names no copy: the others are where they are.
  async #open(
    registry: string | null,
    flags: Partial<GlobalFlags> & { readonly env: string },
  ): Promise<{ readonly composed: Composed; readonly copy: boolean }> {
    const use = { writes: false, withoutGates: true };
    const composed = await this.compose({ ...flags, registry: registry ?? undefined }, use);
    if (registry === null || !ownsRepository(composed.manifest, flags.env))
      return { composed, copy: registry !== null };
    await composed[Symbol.asyncDispose]();
    return { composed: await this.compose({ ...flags, registry: undefined }, use), copy: false };
  }
}

/** Whether the environment's own registry, and not just the one that it shares with others, is the one that was named. */
function ownsRepository({ environments, registry }: Manifest, name: string): boolean {
  const environment = environments.find((candidate) => candidate.name === name);
  return (
    environment !== undefined &&
    environment.registry !== registry &&
    environment.registry.uri === registry.uri
  );
}
