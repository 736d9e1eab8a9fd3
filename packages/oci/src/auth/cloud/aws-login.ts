import type { CallOptions } from "@floe/core/ports";
import type { RegistryCredentials } from "../registry-credentials.ts";
import { CloudProblem, type CloudRequest, cloudLogin, renewAt } from "./cloud-login.ts";
import { ecrRegionOf } from "./cloud-of.ts";

const RENEW_BEFORE_MS = 30 * 60_000;
const LIFETIME_MS = 12 * 3_600_000;
const NOWHERE = "/dev/null";
const HINT =
  "The identity needs ecr:GetAuthorizationToken; aws ecr get-login-password shows whether it has it.";

/**
 * Gets the password of Elastic Container Registry with the identity that the process has (`GetAuthorizationToken`).
 * `webIdentity`: only with the role and token file of a Kubernetes service account, or of EKS Pod Identity; else with
 * all that AWS's own tools look for.
 * @throws {FloeError} FLOE_REGISTRY_LOGIN_FAILED - there is no identity, or it may not
 */
export async function awsLogin(
  request: CloudRequest & { readonly webIdentity: boolean },
  { signal }: CallOptions,
): Promise<RegistryCredentials> {
  const { registry, env, timeoutMs, webIdentity } = request;
  const source = webIdentity ? "the AWS role of the service account" : "the AWS identity";
  return await cloudLogin({ registry, source, hint: HINT, timeoutMs, signal }, async (limited) => {
    const region = ecrRegionOf(registry) ?? env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"];
    if (!region) {
      throw new CloudProblem(
        "the host name of the registry has no region, and AWS_REGION is not set",
        "Set AWS_REGION.",
      );
    }
    if (webIdentity) checkWebIdentity(env);
    const [{ ECRClient, GetAuthorizationTokenCommand }, { defaultProvider }] = await Promise.all([
      import("@aws-sdk/client-ecr"),
      import("@aws-sdk/credential-provider-node"),
    ]);
    const requestHandler = { connectionTimeout: timeoutMs, requestTimeout: timeoutMs };
    const credentials = defaultProvider({
      clientConfig: { region, requestHandler },
      // The files of somebody who works here would come before the service account's role.
      ...(webIdentity ? { filepath: NOWHERE, configFilepath: NOWHERE } : {}),
    });
    const client = new ECRClient({ region, credentials, requestHandler });
    try {
      const command = new GetAuthorizationTokenCommand({});
      const answer = await client.send(command, { abortSignal: limited });
      const [data] = answer.authorizationData ?? [];
      return readToken(data?.authorizationToken, data?.expiresAt, source, request.now());
    } finally {
      client.destroy();
    }
  });
}

function checkWebIdentity(env: CloudRequest["env"]): void {
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_PROFILE"]) {
    if (!env[name]) continue;
    throw new CloudProblem(
      `${name} is set and would be used instead of the role`,
      `Unset ${name}, or use the auth type auto.`,
    );
  }
  const pod = env["AWS_CONTAINER_CREDENTIALS_FULL_URI"];
  if (pod || (env["AWS_ROLE_ARN"] && env["AWS_WEB_IDENTITY_TOKEN_FILE"])) return;
  throw new CloudProblem(
    "AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE are not set",
    "Give the service account a role (annotation eks.amazonaws.com/role-arn), or use the auth type auto.",
  );
}

function readToken(
  token: string | undefined,
  expires: Date | undefined,
  source: string,
  now: Date,
): RegistryCredentials {
  const pair = Buffer.from(token ?? "", "base64").toString("utf8");
  const colon = pair.indexOf(":");
  if (colon < 1 || colon === pair.length - 1)
    throw new CloudProblem("the answer of AWS holds no password");
  const given = expires?.getTime() ?? Number.NaN;
  const expiresAt = new Date(Number.isNaN(given) ? now.getTime() + LIFETIME_MS : given);
  return {
    username: pair.slice(0, colon),
    password: pair.slice(colon + 1),
    source,
    expiresAt,
    renewAt: renewAt(expiresAt, RENEW_BEFORE_MS, now),
  };
}
