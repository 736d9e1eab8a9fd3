import { generateKeyPairSync } from "node:crypto";
import { type CloudReply, type CloudStandIn, startCloud } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { createCredentialSource } from "../../../src/auth/create-credential-source.ts";
import { errorOf, messagesOf } from "../../registry/open-store.ts";
import { cloudEnvironment, temporaryFolder } from "./environment.ts";

const signal = new AbortController().signal;
const TOKEN = "ya29.c.access-token-of-google";
const SUBJECT = "eyJhbGciOiJSUzI1NiJ9.subject-token.sig";
const METADATA = "/computeMetadata/v1/instance/service-accounts/default/token";
const IMPERSONATE =
  "/v1/projects/-/serviceAccounts/floe@acme.iam.gserviceaccount.com:generateAccessToken";
const TYPE = "gcp-workload-identity";
const URI = "oci://127.0.0.1:5000/acme/app";
const google = { "metadata-flavor": "Google" };

function externalAccount(cloud: CloudStandIn, subjectFile: string) {
  return {
    type: "external_account",
    audience:
      "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/ci",
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    token_url: `${cloud.url}/v1/token`,
    credential_source: { file: subjectFile },
  };
}

/** The answer of Google's token exchange (RFC 8693). */
function exchanged(token: string): CloudReply {
  return {
    body: {
      access_token: token,
      issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
      token_type: "Bearer",
      expires_in: 3599,
    },
  };
}

describe("metadata server", () => {
  test("its token is the password, kept until ten minutes before its end", async () => {
    await using cloud = await startCloud();
    using set = cloudEnvironment({ GCE_METADATA_HOST: cloud.host });
    cloud.answer(METADATA, {
      headers: google,
      body: { access_token: TOKEN, expires_in: 3599, token_type: "Bearer" },
    });
    let now = Date.now();
    const find = createCredentialSource({ env: set.env, now: () => new Date(now) });
    const request = { uri: URI, type: TYPE } as const;
    expect(await find(request, { signal })).toMatchObject({
      username: "oauth2accesstoken",
      password: TOKEN,
      source: "the Google Cloud service account of this machine",
    });
    expect(cloud.calls.map(({ headers }) => headers["metadata-flavor"])).toEqual(["Google"]);
    now += 49 * 60_000;
    await find(request, { signal });
    expect(cloud.calls).toHaveLength(1);
    now += 60_000;
    await find(request, { signal });
    expect(cloud.calls).toHaveLength(2);
  });

  test.for<[string, CloudReply]>([
    ["that is not Google's", { body: { access_token: TOKEN, expires_in: 3599 } }],
    ["without a token", { headers: google, body: { expires_in: 3599 } }],
    ["with HTML", { headers: google, body: `<html>${TOKEN}</html>` }],
    ["that refuses", { status: 403, headers: google, body: "insufficient scopes" }],
  ])("an answer %s is an error that does not quote it", async ([, reply]) => {
    await using cloud = await startCloud();
    using set = cloudEnvironment({ GCE_METADATA_HOST: cloud.host });
    cloud.answer(METADATA, reply);
    const find = createCredentialSource({ env: set.env });
    const error = await errorOf(find({ uri: URI, type: TYPE }, { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_LOGIN_FAILED");
    expect(error.message).toContain("127.0.0.1:5000 with the Google Cloud service account");
    expect(messagesOf(error)).not.toContain(TOKEN);
  });

  test("one that never answers is not waited for", async () => {
    await using cloud = await startCloud();
    using set = cloudEnvironment({ GCE_METADATA_HOST: cloud.host });
    cloud.answer(METADATA, "stall");
    const find = createCredentialSource({ env: set.env, cloudTimeoutMs: 300 });
    const error = await errorOf(find({ uri: URI, type: TYPE }, { signal }));
    expect(error.message).toContain("no answer within 0.3 seconds");
  });

  test("for a registry by its host name, a machine that is not Google's reads anonymously", async () => {
    await using cloud = await startCloud();
    using set = cloudEnvironment({ GCE_METADATA_HOST: cloud.host });
    const find = createCredentialSource({ env: set.env, homeDir: "/nowhere" });
    const uri = "oci://europe-docker.pkg.dev/acme/repo/app";
    expect(await find({ uri }, { signal })).toBeNull();
    cloud.answer(METADATA, { status: 403, headers: google, body: "insufficient scopes" });
    const error = await errorOf(find({ uri }, { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_LOGIN_FAILED");
  });
});

describe("workload identity federation", () => {
  test("the file's token is exchanged, and the result impersonates a service account", async () => {
    await using cloud = await startCloud();
    using folder = temporaryFolder();
    const file = externalAccount(cloud, folder.write("subject", SUBJECT));
    const path = folder.write(
      "credentials.json",
      JSON.stringify({ ...file, service_account_impersonation_url: `${cloud.url}${IMPERSONATE}` }),
    );
    using set = cloudEnvironment({ GOOGLE_APPLICATION_CREDENTIALS: path });
    cloud.answer("/v1/token", exchanged("federated-access-token"));
    const expireTime = new Date(Date.now() + 3_600_000).toISOString();
    cloud.answer(IMPERSONATE, { body: { accessToken: TOKEN, expireTime } });
    const find = createCredentialSource({ env: set.env });
    const found = await find({ uri: URI, type: TYPE }, { signal });
    expect(found).toMatchObject({ username: "oauth2accesstoken", password: TOKEN, source: path });
    expect(found?.expiresAt?.toISOString()).toBe(expireTime);
    const [sts, impersonation] = cloud.calls;
    expect(sts?.form.get("subject_token")).toBe(SUBJECT);
    expect(sts?.form.get("audience")).toBe(file.audience);
    expect(impersonation?.headers["authorization"]).toBe("Bearer federated-access-token");
    expect(impersonation?.body).toContain("https://www.googleapis.com/auth/cloud-platform");
  });

  test("a refusal names the file and the reason, and holds no token", async () => {
    await using cloud = await startCloud();
    using folder = temporaryFolder();
    const file = externalAccount(cloud, folder.write("subject", SUBJECT));
    const path = folder.write("credentials.json", JSON.stringify(file));
    using set = cloudEnvironment({ GOOGLE_APPLICATION_CREDENTIALS: path });
    cloud.answer("/v1/token", {
      status: 400,
      body: { error: "invalid_grant", error_description: "The audience does not match." },
    });
    const find = createCredentialSource({ env: set.env });
    const error = await errorOf(find({ uri: URI, type: TYPE }, { signal }));
    expect(error.message).toContain(`logging in to 127.0.0.1:5000 with ${path} failed`);
    expect(error.message).toContain("invalid_grant");
    expect(messagesOf(error)).not.toContain(SUBJECT);
  });

  test.for<[string, (cloud: CloudStandIn) => unknown, string]>([
    [
      "a program to run",
      (cloud) => ({
        ...externalAccount(cloud, "x"),
        credential_source: { executable: { command: "/usr/bin/touch /tmp/run" } },
      }),
      "a program to run, which floe does not do",
    ],
    [
      "an address without TLS",
      (cloud) => ({ ...externalAccount(cloud, "x"), token_url: "http://sts.example/token" }),
      "its token_url is not an https address",
    ],
    [
      "an impersonation that is no address",
      (cloud) => ({ ...externalAccount(cloud, "x"), service_account_impersonation_url: 7 }),
      "its service_account_impersonation_url is not an https address",
    ],
    ["another type", () => ({ type: "gdch_service_account" }), "neither external_account"],
    ["a key without a name", () => ({ type: "service_account" }), "has no client_email"],
    ["a list", () => ["private_key hunter2"], "neither external_account"],
    ["text", () => "private_key hunter2", "not a JSON object"],
  ])("a file with %s is refused before anything is asked", async ([, make, words]) => {
    await using cloud = await startCloud();
    using folder = temporaryFolder();
    const path = folder.write("credentials.json", JSON.stringify(make(cloud)));
    using set = cloudEnvironment({ GOOGLE_APPLICATION_CREDENTIALS: path });
    const find = createCredentialSource({ env: set.env });
    const error = await errorOf(find({ uri: URI, type: TYPE }, { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_LOGIN_FAILED");
    expect(error.message).toContain(words);
    expect(messagesOf(error)).not.toContain("hunter2");
    expect(cloud.calls).toEqual([]);
  });

  test("a file that is not there, or not JSON, is named", async () => {
    using folder = temporaryFolder();
    for (const [path, words] of [
      [`${folder.path}/none.json`, "there is no such file"],
      [folder.write("broken.json", '{"private_key":"hunter2'), "not a JSON object"],
    ] as const) {
      using set = cloudEnvironment({ GOOGLE_APPLICATION_CREDENTIALS: path });
      const find = createCredentialSource({ env: set.env });
      const error = await errorOf(find({ uri: URI, type: TYPE }, { signal }));
      expect(error.message).toContain(path);
      expect(error.message).toContain(words);
      expect(messagesOf(error)).not.toContain("hunter2");
    }
  });

  test("a service account's key that is none is not shown", async () => {
    using folder = temporaryFolder();
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const broken = pem.replace(/[A-M]/g, "!");
    const path = folder.write(
      "key.json",
      JSON.stringify({ type: "service_account", client_email: "a@b", private_key: broken }),
    );
    using set = cloudEnvironment({ GOOGLE_APPLICATION_CREDENTIALS: path });
    const find = createCredentialSource({ env: set.env });
    const error = await errorOf(find({ uri: URI, type: TYPE }, { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_LOGIN_FAILED");
    for (const line of broken.split("\n").slice(1, -2)) {
      expect(messagesOf(error)).not.toContain(line);
    }
  });
});
