import { FloeError } from "@floe/core";
import { type DeployTarget, type Pin, type PinnedFile, pinFiles } from "@floe/core/deploy";
import { readDeployFiles, writeDeployFiles } from "./deploy-files.ts";

/** What `floe platform deploy` was asked for. */
export interface DeployInput {
  readonly pin: Pin;
  readonly target: DeployTarget;
  readonly path: string;
  /** Write nothing. */
  readonly check: boolean;
  readonly image: string | undefined;
  readonly valuesKey: string | undefined;
  readonly name: string | undefined;
  readonly namespace: string | undefined;
  /** Of the manifest. */
  readonly platform: string;
}

/**
 * Pins what an environment holds in the files at a path. All of them are judged before the first is written.
 * @throws {FloeError} FLOE_DEPLOY_FILE_INVALID, FLOE_DEPLOY_PLACE_UNCLEAR, FLOE_DEPLOY_PATH_REFUSED
 */
export async function deployPlatform(
  input: DeployInput,
  { signal }: { readonly signal: AbortSignal },
): Promise<{ readonly files: readonly PinnedFile[]; readonly warnings: readonly string[] }> {
  const { pin, target, path, name, namespace } = input;
  for (const given of [name, namespace]) checkName(given);
  const defaultName = `${objectName(input.platform)}-${objectName(pin.environment)}`;
  const found = await readDeployFiles(path, target, { signal, newName: name ?? defaultName });
  const { image, valuesKey } = input;
  const files = pinFiles({
    ...{ target, pin, files: found.files, newPath: found.newPath },
    ...{ image, valuesKey, name, namespace, defaultName },
  });
  if (!input.check) await writeDeployFiles(files, { signal });
  const warnings =
    target === "kustomize" && pin.kind !== "image"
      ? [`${pin.version} is no container image: nothing that Kustomize writes can run it`]
      : [];
  return { files, warnings };
}

const OBJECT_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

function checkName(name: string | undefined): void {
  if (name === undefined || OBJECT_NAME.test(name)) return;
  throw new FloeError({
    code: "FLOE_USAGE_INVALID",
    message: `${JSON.stringify(name)} is no name that Kubernetes takes`,
    hint: "Lower case letters, digits, - and dots.",
  });
}

function objectName(text: string): string {
  const name = text.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return name.replace(/^-+|-+$/g, "").slice(0, 100) || "floe";
}
