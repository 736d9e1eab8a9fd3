import { DEPLOY_TARGETS, outdatedReasons } from "@floe/core/deploy";
import { Flags } from "@oclif/core";
import { FloeCommand } from "../../floe-command.ts";
import { deployJson, deployText } from "../../render/deploy.ts";
import { refusedJson } from "../../render/refused-json.ts";

export default class Deploy extends FloeCommand {
  static override summary = "Write what an environment holds into GitOps files, by digest";
  static override description =
    "Reads the environment's ledger and writes the digest into a kustomization, Argo CD or Flux objects, or a chart's values. Only its own places are written: comments, order, quotes and everything else stay. Writes nothing when the files say so already. What floe promotes runs in a cluster only when these files are committed.";
  static override examples = [
    "<%= config.bin %> platform deploy --env prod --target kustomize --path overlays/prod --image shop",
    "<%= config.bin %> platform deploy --env prod --target argocd --path apps/shop-prod.yaml",
    "<%= config.bin %> platform deploy --env prod --target flux --path clusters/prod",
    "<%= config.bin %> platform deploy --env prod --target helm --path values-prod.yaml --values-key api.image",
    "<%= config.bin %> platform deploy --env prod --target kustomize --path overlays/prod --check",
  ];
  static override flags = {
    env: Flags.string({ required: true, description: "Environment to deploy" }),
    target: Flags.option({
      options: DEPLOY_TARGETS,
      required: true,
      description: "Who deploys",
    })(),
    path: Flags.string({ required: true, description: "Folder or file of the GitOps repository" }),
    check: Flags.boolean({
      description: "Write nothing; end with 20 when a file does not say what the environment holds",
    }),
    image: Flags.string({
      description: "Name by which manifests call the image; default the repository",
    }),
    repository: Flags.string({
      description: "Where the cluster pulls from, host/path; default the manifest's repository",
    }),
    "values-key": Flags.string({
      description: "Key of a chart's values; default image, of a chart chart",
    }),
    name: Flags.string({ description: "metadata.name of the object that is meant, or to make" }),
    namespace: Flags.string({ description: "Namespace of an object that is made" }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Deploy);
    const { signal } = this;
    await using composed = await this.compose(flags, { writes: false, withoutGates: true });
    const { env: environment, target, check, repository } = flags;
    const held = await composed.floe.deployment({ environment, repository }, { signal });
    if (held.kind === "blocked") {
      await this.result(refusedJson(held.blocking), () => "");
      this.refuse(held.blocking);
      return;
    }
    const { deployPlatform } = await import("../../deploy-platform.ts");
    const { pin } = held;
    const { path, image, name, namespace, "values-key": valuesKey } = flags;
    const platform = composed.manifest.metadata.name;
    const input = { pin, target, path, check, image, valuesKey, name, namespace, platform };
    const { files, warnings: more } = await deployPlatform(input, { signal });
    const warnings = [...held.warnings, ...more];
    for (const warning of warnings) this.logger(flags).warn(warning);
    const blocking = check ? outdatedReasons(files, pin) : [];
    const view = { pin, target, check, files, warnings, blocking };
    await this.result(deployJson(view), () => deployText(view));
    if (blocking.length > 0) this.refuse(blocking, "FOUND");
  }
}
