import { Args, Flags } from "@oclif/core";
import { FloeCommand } from "../../floe-command.ts";
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
    const place = { ...flags, registry: target.registry ?? undefined };
    await using composed = await this.compose(place, { writes: false, withoutGates: true });
    const { floe, manifest, store } = composed;
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
        copy: target.registry !== null,
      },
      { signal: this.signal },
    );
    const measured = { durationMs: performance.now() - started, stats: store.stats };
    await this.result(verificationJson(found, measured), () => verificationText(found));
    process.exitCode = found.blocking[0]?.exitCode ?? 0;
  }
}
