import {
  findEnvironment,
  type Identity,
  identitiesOf,
  type Manifest,
  resourceUri,
} from "@floe/core";
import { FloeError } from "@floe/core/errors";

/** What a sample is made of: who may sign promotions to an environment, and what their statements have to say. */
export interface AdmissionFacts {
  readonly environment: string;
  /** `host/repo`. */
  readonly repository: string;
  readonly resourceUri: string;
  /** Who may promote there today. */
  readonly signers: readonly Identity[];
  /** Signers who may promote to other environments as well, and to which. */
  readonly shared: readonly { readonly name: string; readonly environments: readonly string[] }[];
  readonly artifactKeys: readonly { readonly name: string; readonly publicKey: string }[];
  readonly artifactIssuers: Manifest["environments"][number]["verification"]["trustedIssuers"];
}

/**
 * Collects the facts from a manifest; nothing is asked of a registry.
 * @throws {FloeError} FLOE_USAGE_INVALID - the repository is a folder, or nobody is known who may promote
 */
export function admissionFacts(manifest: Manifest, name: string, now: Date): AdmissionFacts {
  const environment = findEnvironment(manifest, name);
  const { uri } = environment.registry;
  if (!uri.startsWith("oci://"))
    throw new FloeError({
      code: "FLOE_USAGE_INVALID",
      message: `${environment.registry.uriAsWritten} is a folder, which no admission controller can read`,
      hint: "Name the registry that it is published to: --registry oci://host/repo",
    });
  const repository = uri.slice("oci://".length);
  const signers = identitiesOf(environment, manifest, now);
  if (signers.length === 0)
    throw new FloeError({
      code: "FLOE_USAGE_INVALID",
      message: `the manifest names nobody who may promote to ${name}`,
      hint: "Add them under identities; a sample without keys would accept nobody, or everybody.",
    });
  const shared = signers.flatMap((signer) => {
    const environments = manifest.environments
      .filter((other) => other.name !== name)
      .filter((other) => identitiesOf(other, manifest, now).includes(signer))
      .map((other) => other.name);
    return environments.length > 0 ? [{ name: signer.name, environments }] : [];
  });
  return {
    environment: name,
    repository,
    resourceUri: resourceUri(repository, name),
    signers,
    shared,
    artifactKeys: environment.verification.keys,
    artifactIssuers: environment.verification.trustedIssuers,
  };
}
