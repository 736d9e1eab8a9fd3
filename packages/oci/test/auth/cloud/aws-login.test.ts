import { type CloudStandIn, startCloud } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { createCredentialSource } from "../../../src/auth/create-credential-source.ts";
import { codeOf, errorOf, messagesOf } from "../../registry/open-store.ts";
import { cloudEnvironment, temporaryFolder } from "./environment.ts";

const signal = new AbortController().signal;
const PASSWORD = "ecr-Password-1-very-secret";
const ID_TOKEN = "eyJhbGciOiJSUzI1NiJ9.service-account-token.sig";
const URI = "oci://127.0.0.1:5000/acme/app";
const HOUR = 3_600_000;

/** AWS as it answers: an XML document of STS, a JSON document of ECR; times in seconds. */
function answerAsAws(cloud: CloudStandIn, expiresAt: Date): void {
  cloud.answer("/", ({ form, headers }) => {
    if (form.get("Action") === "AssumeRoleWithWebIdentity") {
      return {
        headers: { "content-type": "text/xml" },
        body: `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <SubjectFromWebIdentityToken>system:serviceaccount:ci:floe</SubjectFromWebIdentityToken>
    <Audience>sts.amazonaws.com</Audience>
    <AssumedRoleUser>
      <Arn>arn:aws:sts::123456789012:assumed-role/floe/session</Arn>
      <AssumedRoleId>AROACLKWSDQRAOEXAMPLE:session</AssumedRoleId>
    </AssumedRoleUser>
    <Credentials>
      <SessionToken>session-token-of-the-role</SessionToken>
      <SecretAccessKey>secret-access-key-of-the-role</SecretAccessKey>
      <Expiration>2099-01-01T00:00:00Z</Expiration>
      <AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
    </Credentials>
  </AssumeRoleWithWebIdentityResult>
  <ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata>
</AssumeRoleWithWebIdentityResponse>`,
      };
    }
    const target = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken";
    if (headers["x-amz-target"] !== target) return { status: 400, body: "" };
    return {
      headers: { "content-type": "application/x-amz-json-1.1" },
      body: {
        authorizationData: [
          {
            authorizationToken: Buffer.from(`AWS:${PASSWORD}`).toString("base64"),
            expiresAt: expiresAt.getTime() / 1000,
            proxyEndpoint: "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com",
          },
        ],
      },
    };
  });
}

function variables(cloud: CloudStandIn, tokenFile: string): Record<string, string> {
  return {
    AWS_REGION: "eu-west-1",
    AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/floe",
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
    AWS_ENDPOINT_URL_STS: cloud.url,
    AWS_ENDPOINT_URL_ECR: cloud.url,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_MAX_ATTEMPTS: "1",
  };
}

describe("aws-irsa", () => {
  test("the service account's token becomes a role, and the role a password", async () => {
    await using cloud = await startCloud();
    using folder = temporaryFolder();
    using set = cloudEnvironment(variables(cloud, folder.write("token", ID_TOKEN)));
    const expiresAt = new Date(Date.now() + 12 * HOUR);
    answerAsAws(cloud, expiresAt);
    const find = createCredentialSource({ env: set.env, homeDir: folder.path });
    const found = await find({ uri: URI, type: "aws-irsa" }, { signal });
    expect(found).toMatchObject({
      username: "AWS",
      password: PASSWORD,
      source: "the AWS role of the service account",
    });
    const renewal = found?.renewAt?.getTime() ?? 0;
    expect(Math.round((expiresAt.getTime() - renewal) / 60_000)).toBe(30);
    const [sts, ecr] = cloud.calls;
    expect(sts?.form.get("WebIdentityToken")).toBe(ID_TOKEN);
    expect(sts?.form.get("RoleArn")).toBe("arn:aws:iam::123456789012:role/floe");
    expect(sts?.headers["authorization"]).toBeUndefined();
    expect(ecr?.headers["authorization"]).toContain("ASIAIOSFODNN7EXAMPLE");
    expect(ecr?.headers["authorization"]).toContain("/eu-west-1/ecr/");
    expect(ecr?.headers["x-amz-security-token"]).toBe("session-token-of-the-role");
  });

  test("a password is kept, and replaced thirty minutes before its end, with the token file read again", async () => {
    await using cloud = await startCloud();
    using folder = temporaryFolder();
    using set = cloudEnvironment(variables(cloud, folder.write("token", ID_TOKEN)));
    let now = Date.now();
    answerAsAws(cloud, new Date(now + 12 * HOUR));
    const find = createCredentialSource({
      env: set.env,
      homeDir: folder.path,
      now: () => new Date(now),
    });
    const request = { uri: URI, type: "aws-irsa" } as const;
    await Promise.all([find(request, { signal }), find(request, { signal })]);
    now += 11.4 * HOUR;
    await find(request, { signal });
    expect(cloud.calls).toHaveLength(2);
    folder.write("token", "a-later-token");
    now += 0.2 * HOUR;
    await find(request, { signal });
    expect(cloud.calls).toHaveLength(4);
    expect(cloud.calls[2]?.form.get("WebIdentityToken")).toBe("a-later-token");
  });

  test("a refusal names registry, source and AWS's reason", async () => {
    await using cloud = await startCloud();
    using folder = temporaryFolder();
    using set = cloudEnvironment(variables(cloud, folder.write("token", ID_TOKEN)));
    cloud.answer("/", {
      status: 403,
      headers: { "content-type": "text/xml" },
      body: `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message></Error></ErrorResponse>`,
    });
    const find = createCredentialSource({ env: set.env, homeDir: folder.path });
    const error = await errorOf(find({ uri: URI, type: "aws-irsa" }, { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_LOGIN_FAILED");
    expect(error.message).toMatch(
      /^logging in to 127\.0\.0\.1:5000 with the AWS role of the service account failed: .*AssumeRoleWithWebIdentity/,
    );
    expect(messagesOf(error)).not.toContain("service-account-token");
  });

  test.for([
    ["HTML", { body: `<html>${PASSWORD}</html>` }],
    ["no data", { body: { authorizationData: [] } }],
    ["a token that is none", { body: { authorizationData: [{ authorizationToken: "!" }] } }],
    ["half a JSON document with the password", { body: `{"authorizationData":["${PASSWORD}"` }],
  ] as const)("%s instead of a password is an error that does not quote it", async ([, reply]) => {
    await using cloud = await startCloud();
    using folder = temporaryFolder();
    using set = cloudEnvironment(variables(cloud, folder.write("token", ID_TOKEN)));
    answerAsAws(cloud, new Date());
    const find = createCredentialSource({ env: set.env, homeDir: folder.path });
    await find({ uri: URI, type: "aws-irsa" }, { signal });
    await using broken = await startCloud();
    broken.answer("/", reply);
    process.env["AWS_ENDPOINT_URL_ECR"] = broken.url;
    const again = createCredentialSource({ env: set.env, homeDir: folder.path });
    const error = await errorOf(again({ uri: URI, type: "aws-irsa" }, { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_LOGIN_FAILED");
    expect(messagesOf(error)).not.toMatch(/very-secret|of-the-role/);
    expect(broken.calls.length).toBeGreaterThan(0);
  });

  test("an endpoint that never answers is not waited for", async () => {
    await using cloud = await startCloud();
    using folder = temporaryFolder();
    using set = cloudEnvironment(variables(cloud, folder.write("token", ID_TOKEN)));
    cloud.answer("/", "stall");
    const find = createCredentialSource({
      env: set.env,
      homeDir: folder.path,
      cloudTimeoutMs: 300,
    });
    const error = await errorOf(find({ uri: URI, type: "aws-irsa" }, { signal }));
    expect(error.message).toContain("no answer within 0.3 seconds");
  });

  test("an abort ends the waiting with its reason", async () => {
    await using cloud = await startCloud();
    using folder = temporaryFolder();
    using set = cloudEnvironment(variables(cloud, folder.write("token", ID_TOKEN)));
    const controller = new AbortController();
    cloud.answer("/", () => {
      controller.abort(new Error("enough"));
      return "stall";
    });
    const find = createCredentialSource({ env: set.env, homeDir: folder.path });
    const call = find({ uri: URI, type: "aws-irsa" }, { signal: controller.signal });
    await expect(call).rejects.toThrow("enough");
  });

  test.for<[string, Record<string, string>, string]>([
    ["no role", { AWS_REGION: "eu-west-1" }, "AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE"],
    ["no region", {}, "AWS_REGION"],
    [
      "a key that would win",
      { AWS_REGION: "x", AWS_ACCESS_KEY_ID: "AKIA", AWS_ROLE_ARN: "arn" },
      "AWS_ACCESS_KEY_ID",
    ],
  ])("with %s nothing is asked", async ([, given, words]) => {
    using set = cloudEnvironment(given);
    const find = createCredentialSource({ env: set.env });
    const error = await errorOf(find({ uri: URI, type: "aws-irsa" }, { signal }));
    expect(error.message).toContain(words);
  });
});

describe("auto", () => {
  test("the host of a registry of AWS tells its region, and any identity of AWS's chain is used", async () => {
    await using cloud = await startCloud();
    using folder = temporaryFolder();
    using set = cloudEnvironment({
      ...variables(cloud, "/nowhere"),
      AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
      AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    });
    answerAsAws(cloud, new Date(Date.now() + 12 * HOUR));
    const find = createCredentialSource({ env: set.env, homeDir: folder.path });
    const uri = "oci://123456789012.dkr.ecr.us-west-2.amazonaws.com/acme/app";
    expect(await find({ uri }, { signal })).toMatchObject({ username: "AWS", password: PASSWORD });
    expect(cloud.calls.map(({ headers }) => String(headers["authorization"]))).toEqual([
      expect.stringContaining("/us-west-2/ecr/"),
    ]);
  });

  test("without any identity of AWS the error says so, since no registry of AWS's is open to all", async () => {
    await using cloud = await startCloud();
    using folder = temporaryFolder();
    const { AWS_ROLE_ARN: _, AWS_WEB_IDENTITY_TOKEN_FILE: __, ...rest } = variables(cloud, "");
    using set = cloudEnvironment(rest);
    const find = createCredentialSource({ env: set.env, homeDir: folder.path });
    const uri = "oci://123456789012.dkr.ecr.us-west-2.amazonaws.com/acme/app";
    expect(await codeOf(find({ uri }, { signal }))).toBe("FLOE_REGISTRY_LOGIN_FAILED");
    expect(cloud.calls).toEqual([]);
  });
});
