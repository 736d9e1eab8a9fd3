import { artifactKindOf, type Pin } from "../deploy/pin.ts";
import { FloeError } from "../errors/index.ts";
import type { CallOptions } from "../ports/index.ts";
import { at, type FloeContext } from "./context.ts";
import { findEnvironment } from "./environments.ts";
import type { Ledgers } from "./ledgers.ts";
import { type Reason, reason } from "./reason.ts";
import { status } from "./status.ts";

/** What is to be deployed. */
export interface DeploymentRequest {
  readonly environment: string;
  /** Where the cluster pulls it from: `host[:port]/path`. Default the environment's repository. */
  readonly repository?: string | undefined;
}

/** What an environment holds, for who writes it down for a cluster; or why nobody should. */
export type Deployment =
  | { readonly kind: "ready"; readonly pin: Pin; readonly warnings: readonly string[] }
  | { readonly kind: "blocked"; readonly blocking: readonly Reason[] };

const REPOSITORY = /^[A-Za-z0-9][A-Za-z0-9.-]*(?::\d{1,5})?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+$/;

/**
 * Reads what an environment holds by its ledger, for a deployment. A lock does not hold it up: what the environment holds
 * may be deployed, and after a rollback should be.
 * @throws {FloeError} FLOE_ENVIRONMENT_NOT_FOUND
 * @throws {FloeError} FLOE_ARTIFACT_NOT_FOUND - the registry has lost what the environment holds
 * @throws {FloeError} FLOE_USAGE_INVALID - there is no repository that a cluster can pull from
 */
export async function deployment(
  request: DeploymentRequest,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<Deployment> {
  const { store } = at(context, findEnvironment(context.manifest, request.environment));
  const repository = repositoryOf(request.repository ?? store.repository, request);
  const [row] = await status({ environment: request.environment }, context, ledgers, options);
  if (!row) throw new Error("status has a row for an environment that is there");
  const { environment, version, digest, findings, openIntents } = row;
  if (findings.length > 0) return { kind: "blocked", blocking: findings };
  if (version === null || digest === null)
    return { kind: "blocked", blocking: [nothingThere(environment)] };
  const manifest = await store.getManifest(digest, options);
  if (!manifest)
    throw new FloeError({
      code: "FLOE_ARTIFACT_NOT_FOUND",
      message: `${environment} holds ${version} (${digest}), and the registry does not have it`,
      hint: "Restore it from a copy (floe artifact copy), or promote another version.",
    });
  const kind = artifactKindOf(manifest);
  const warnings = [
    ...openIntents.map(
      ({ action, version: of, state }) =>
        `a ${action} of ${of} is ${state === "live" ? "running" : "unfinished"}: deploy again when it is done`,
    ),
    ...(row.adopted ? [`${version} was adopted: no gate was run`] : []),
  ];
  return { kind: "ready", pin: { environment, version, digest, repository, kind }, warnings };
}

function nothingThere(environment: string): Reason {
  return reason(
    "FLOE_DEPLOY_NOTHING",
    `${environment} holds nothing`,
    `Promote a version there first: floe promote VERSION --to ${environment}.`,
  );
}

function repositoryOf(written: string, { repository }: DeploymentRequest): string {
  const bare = written.replace(/^oci:\/\//, "").replace(/\/+$/, "");
  if (REPOSITORY.test(bare)) return bare;
  throw new FloeError({
    code: "FLOE_USAGE_INVALID",
    message:
      repository === undefined
        ? `a cluster cannot pull from ${written}`
        : `${JSON.stringify(repository)} is no repository`,
    hint: "Say with --repository where it pulls from: host[:port]/path, without tag and digest. It has to hold the same digest, as after floe artifact copy.",
  });
}
