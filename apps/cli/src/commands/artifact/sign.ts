import { Args, Flags } from "@oclif/core";
import { ArtifactCommand } from "../../artifact-command.ts";
import { fetchManifest } from "../../open-artifact.ts";
import { openArtifactSigner, signerFlags, signerName } from "../../open-artifact-signer.ts";
import { parseAnnotations } from "../../parse-flags.ts";
import { signArtifacts } from "../../sign-artifacts.ts";

export default class Sign extends ArtifactCommand {
  static override summary = "Sign an artifact the way cosign 3 does";
  static override description =
    "The signature is a sigstore bundle attached to the digest; cosign verify reads it. The signature of an index does not cover the images that it lists; --recursive signs those as well.";
  static override examples = [
    "<%= config.bin %> artifact sign v1.2.3",
    "<%= config.bin %> artifact sign v1.2.3 --key keys/artifact.key -a commit=4f0c1d2",
    "<%= config.bin %> artifact sign v1.2.3 --recursive",
    "<%= config.bin %> artifact sign -r oci://harbor.example.com/acme/app -t v1.2.3 --key env:SIGNING_KEY",
  ];
  static override args = {
    reference: Args.string({
      description: "A reference, or a bare tag or digest in the manifest's registry",
    }),
  };
  static override flags = {
    ...signerFlags,
    annotation: Flags.string({
      char: "a",
      multiple: true,
      multipleNonGreedy: true,
      description: "KEY=VALUE that is signed along; may be given several times",
    }),
    recursive: Flags.boolean({
      description: "Of an index, also sign every manifest that it lists",
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Sign);
    const annotations = parseAnnotations(flags.annotation ?? []);
    await using target = await this.open(args.reference, flags);
    const { store } = target;
    const artifact = await fetchManifest(target, this.signal);
    const opened = await openArtifactSigner(flags, {
      manifest: target.manifest,
      env: process.env,
      logger: this.logger(flags),
      signal: this.signal,
    });
    const { signature, children } = await signArtifacts(
      { store, artifact, signer: opened.signer, annotations, recursive: flags.recursive },
      { signal: this.signal },
    );
    const { digest } = artifact.descriptor;
    const signer = signerName(opened);
    const uncovered = children.filter((child) => child.signature === null).length;
    const warnings =
      uncovered === 0
        ? []
        : [
            `the signature covers the index alone, not the ${uncovered} manifest${uncovered === 1 ? "" : "s"} that it lists; --recursive signs those as well`,
          ];
    for (const warning of warnings) this.logger(flags).warn(warning);
    await this.result(
      { success: true, digest, signature, signer, children, warnings },
      () =>
        `${digest} signed by ${signer}${children.length > uncovered ? `, and ${children.length} manifests that it lists` : ""}`,
    );
  }
}
