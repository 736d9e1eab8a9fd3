import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type CloudStandIn,
  type RegistryAuthOptions,
  startCloud,
  startRegistry,
  type TestRegistry,
} from "@floe/testing";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { aProject, type Project } from "./bed/a-project.ts";

/** What must never be seen, in the forms in which it travels. */
const SECRET = "S3cret-word-of-the-registry";
const FORMS = [SECRET, Buffer.from(`ci:${SECRET}`).toString("base64"), encodeURIComponent(SECRET)];

const basic = { kind: "basic", username: "ci", password: SECRET } as const;
const bearer = { kind: "bearer", username: "ci", password: SECRET } as const;

/** A project whose manifest names a registry that is not asked twice. */
async function projectOn(
  registry: Pick<TestRegistry, "host">,
  auth?: Readonly<Record<string, unknown>>,
): Promise<Project> {
  const project = await aProject({ versions: [] });
  const manifest = parse(project.read("manifest.yaml")) as { artifacts: Record<string, unknown> };
  manifest.artifacts["registry"] = {
    uri: `oci://${registry.host}/acme/app`,
    resilience: { retry: { max_attempts: 1 } },
    ...(auth && { auth }),
  };
  project.write("manifest.yaml", stringify(manifest));
  return project;
}

/** A credential helper of the project, found through its folder. */
function helper(project: Project, script: string): void {
  project.write("bin/docker-credential-test", `#!/bin/sh\n${script}\n`);
  chmodSync(join(project.dir, "bin/docker-credential-test"), 0o755);
}

/** The environment that a way to log in needs, with the secret in it. */
type Way = (
  project: Project,
  registry: TestRegistry,
) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;

function docker(content: unknown): Way {
  return (project, registry) => {
    const text = JSON.stringify(content).replaceAll("HOST", registry.host);
    project.write("docker/config.json", text);
    return {
      DOCKER_CONFIG: join(project.dir, "docker"),
      PATH: `${join(project.dir, "bin")}:${process.env["PATH"] ?? ""}`,
    };
  };
}

const auth = Buffer.from(`ci:${SECRET}`).toString("base64");
const token = (registry: TestRegistry): string =>
  registry.authorization()?.replace("Bearer ", "") ?? "";

describe("floe logs in with", () => {
  test.for<[string, RegistryAuthOptions, Record<string, unknown> | undefined, Way]>([
    [
      "a user and a password from variables",
      basic,
      undefined,
      () => ({ FLOE_REGISTRY_USERNAME: "ci", FLOE_REGISTRY_PASSWORD: SECRET }),
    ],
    [
      "a token from a variable",
      bearer,
      undefined,
      (_, registry) => ({ FLOE_REGISTRY_TOKEN: token(registry) }),
    ],
    [
      "user:password of the manifest",
      basic,
      { type: "basic", credentials_ref: "env:PAIR" },
      () => ({ PAIR: `ci:${SECRET}` }),
    ],
    [
      "the token of the manifest",
      bearer,
      { type: "token", credentials_ref: "env:TOKEN" },
      (_, registry) => ({ TOKEN: token(registry) }),
    ],
    ["docker's configuration", basic, undefined, docker({ auths: { HOST: { auth } } })],
    [
      "an identity token of docker's configuration",
      { ...bearer, refreshToken: SECRET },
      { type: "auto" },
      docker({ auths: { HOST: { identitytoken: SECRET } } }),
    ],
    [
      "a credential helper",
      bearer,
      undefined,
      (project, registry) => {
        helper(project, `echo '{"Username":"ci","Secret":"${SECRET}"}'`);
        return docker({ credHelpers: { HOST: "test" } })(project, registry);
      },
    ],
  ])("%s, and shows nothing of it", async ([, asked, configured, way]) => {
    await using registry = await startRegistry({ auth: asked });
    await using project = await projectOn(registry, configured);
    const env = await way(project, registry);
    project.write("app.json", "{}");
    const pushed = await project.runWith(
      { env },
      "artifact",
      "push",
      "v1.0.0",
      "app.json",
      "--verbose",
    );
    expect([pushed.code, pushed.stderr]).toEqual([0, expect.any(String)]);
    const listed = await project.runWith({ env }, "artifact", "list", "-o", "json", "--verbose");
    expect(listed.code).toBe(0);
    expect(listed.rows).toHaveLength(1);
    for (const { stdout, stderr } of [pushed, listed]) {
      for (const form of FORMS) expect(stdout + stderr).not.toContain(form);
    }
  });

  test("type anonymous, which looks for nothing", async () => {
    await using registry = await startRegistry({ auth: { ...bearer, anonymous: "pull" } });
    await using project = await projectOn(registry, { type: "anonymous" });
    const env = { FLOE_REGISTRY_USERNAME: "ci", FLOE_REGISTRY_PASSWORD: SECRET };
    expect((await project.runWith({ env }, "artifact", "list")).code).toBe(0);
    expect(
      registry.requests.every(({ headers }) => !/^Basic/.test(headers["authorization"] as string)),
    ).toBe(true);
  });
});

describe("what a refusal shows", () => {
  const wrong = { kind: "bearer", username: "other", password: "other" } as const;

  test.for<[string, Record<string, unknown> | undefined, Way, string]>([
    [
      "variables",
      undefined,
      () => ({ FLOE_REGISTRY_USERNAME: "ci", FLOE_REGISTRY_PASSWORD: SECRET }),
      "FLOE_REGISTRY_PASSWORD",
    ],
    [
      "a token in a variable",
      undefined,
      () => ({ FLOE_REGISTRY_TOKEN: SECRET }),
      "FLOE_REGISTRY_TOKEN",
    ],
    [
      "credentials_ref",
      { type: "basic", credentials_ref: "env:PAIR" },
      () => ({ PAIR: `ci:${SECRET}` }),
      "credentials_ref (variable PAIR)",
    ],
    [
      "credentials_ref of the wrong form",
      { type: "basic", credentials_ref: "env:PAIR" },
      () => ({ PAIR: `{"username":"ci","pass":"${SECRET}"` }),
      "neither user:password nor JSON",
    ],
    [
      "docker's configuration",
      undefined,
      docker({ auths: { HOST: { auth } } }),
      "docker/config.json",
    ],
    [
      "a registry token of docker's",
      undefined,
      docker({ auths: { HOST: { registrytoken: SECRET } } }),
      "docker/config.json",
    ],
    [
      "an identity token of docker's",
      undefined,
      docker({ auths: { HOST: { identitytoken: SECRET } } }),
      "docker/config.json",
    ],
    [
      "a configuration of docker's that is broken",
      undefined,
      docker({ auths: { HOST: { auth: `${SECRET}!` } } }),
      "auth is not base64",
    ],
    [
      "a helper",
      undefined,
      (project, registry) => {
        helper(project, `echo '{"Username":"<token>","Secret":"${SECRET}"}'`);
        return docker({ credsStore: "test" })(project, registry);
      },
      "docker-credential-test",
    ],
    [
      "a helper that fails and talks",
      undefined,
      (project, registry) => {
        helper(project, `echo ${SECRET}; echo ${SECRET} >&2; exit 1`);
        return docker({ credsStore: "test" })(project, registry);
      },
      "docker-credential-test",
    ],
    [
      "a helper that prints no JSON",
      undefined,
      (project, registry) => {
        helper(project, `echo '{"Secret":"${SECRET}"'`);
        return docker({ credsStore: "test" })(project, registry);
      },
      "docker-credential-test",
    ],
  ])(
    "with %s is where the credentials come from, and not what they are",
    async ([, configured, way, source]) => {
      await using registry = await startRegistry({ auth: wrong });
      await using project = await projectOn(registry, configured);
      const env = await way(project, registry);
      const asJson = await project.runWith({ env }, "status", "-o", "json", "--verbose");
      const asText = await project.runWith({ env }, "status", "--verbose");
      expect([asJson.code, asText.code]).toEqual(source.startsWith("neither") ? [2, 2] : [14, 14]);
      expect((asJson.json["error"] as { message: string }).message).toContain(source);
      expect(asText.stderr).toContain(source);
      for (const { stdout, stderr } of [asJson, asText]) {
        for (const form of FORMS) expect(stdout + stderr).not.toContain(form);
      }
    },
  );

  test("a registry that repeats what it was sent does not get it onto the screen", async () => {
    await using registry = await startRegistry({ auth: basic });
    await using project = await projectOn(registry);
    const env = { FLOE_REGISTRY_USERNAME: "ci", FLOE_REGISTRY_PASSWORD: SECRET };
    const message = `you sent ${FORMS.slice(0, 2).join(" and ")}`;
    const body = JSON.stringify({ errors: [{ code: "DENIED", message }] });
    const match = { path: /tags\/list/ };
    registry.faults.add({
      match,
      action: { kind: "status", status: 403, body },
      after: 1,
      times: 9,
    });
    const run = await project.runWith({ env }, "artifact", "list", "--verbose");
    expect(run.code).toBe(14);
    expect(run.stderr).toContain("you sent *** and ***");
    for (const form of FORMS) expect(run.stdout + run.stderr).not.toContain(form);
  });
});

describe("the clouds' identities", () => {
  const GOOGLE = "/computeMetadata/v1/instance/service-accounts/default/token";
  const AZURE = "/metadata/identity/oauth2/token/";

  type CloudWay = (cloud: CloudStandIn) => Readonly<Record<string, string>>;

  const google: CloudWay = (cloud) => {
    cloud.answer(GOOGLE, {
      headers: { "metadata-flavor": "Google" },
      body: { access_token: SECRET, expires_in: 3599, token_type: "Bearer" },
    });
    return { GCE_METADATA_HOST: cloud.host };
  };
  const azure: CloudWay = (cloud) => {
    cloud.answer(AZURE, {
      body: {
        access_token: SECRET,
        expires_in: "86400",
        expires_on: "4102444800",
        token_type: "Bearer",
      },
    });
    return { AZURE_POD_IDENTITY_AUTHORITY_HOST: cloud.url };
  };
  const aws: CloudWay = (cloud) => {
    cloud.answer("/role", {
      body: {
        AccessKeyId: "ASIAIOSFODNN7EXAMPLE",
        SecretAccessKey: "secret-access-key",
        Token: "session-token",
        Expiration: "2099-01-01T00:00:00Z",
      },
    });
    cloud.answer("/", {
      headers: { "content-type": "application/x-amz-json-1.1" },
      body: {
        authorizationData: [
          {
            authorizationToken: Buffer.from(`AWS:${SECRET}`).toString("base64"),
            expiresAt: 4102444800,
          },
        ],
      },
    });
    return {
      AWS_REGION: "eu-west-1",
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${cloud.url}/role`,
      AWS_ENDPOINT_URL_ECR: cloud.url,
      AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
      AWS_CONFIG_FILE: "/dev/null",
    };
  };

  test.for<[string, CloudWay, RegistryAuthOptions]>([
    ["aws-irsa", aws, { ...basic, username: "AWS" }],
    [
      "azure-managed-identity",
      azure,
      { ...bearer, exchangedToken: SECRET, refreshToken: "r-token" },
    ],
    ["gcp-workload-identity", google, { ...bearer, username: "oauth2accesstoken" }],
  ])(
    "%s logs in; a registry that refuses it is told apart, and no output has a token",
    async ([type, way, accepted]) => {
      await using cloud = await startCloud();
      const env = way(cloud);
      await using registry = await startRegistry({ auth: accepted });
      await using project = await projectOn(registry, { type });
      const run = await project.runWith({ env }, "status", "-o", "json", "--verbose");
      expect([run.code, run.stderr]).toEqual([0, expect.any(String)]);
      registry.configure({ auth: { kind: "bearer", username: "other", password: "other" } });
      const refused = await project.runWith({ env }, "status", "--verbose");
      expect(refused.code).toBe(14);
      expect(refused.stderr).toMatch(/FLOE_REGISTRY_(?:UNAUTHORIZED|LOGIN_FAILED)/);
      for (const { stdout, stderr } of [run, refused]) {
        expect(stdout + stderr).not.toMatch(/S3cret-word|secret-access-key|session-token|r-token/);
      }
    },
  );

  test.for<[string, CloudWay]>([
    ["aws-irsa", aws],
    ["azure-managed-identity", azure],
    ["gcp-workload-identity", google],
  ])("%s: rubbish of the cloud's endpoints is not quoted", async ([type, way]) => {
    await using cloud = await startCloud();
    const env = way(cloud);
    for (const path of [GOOGLE, AZURE, "/role"])
      cloud.answer(path, { body: `{"token":"${SECRET}` });
    await using registry = await startRegistry({ auth: bearer });
    await using project = await projectOn(registry, { type });
    const run = await project.runWith({ env }, "status", "--verbose");
    expect(run.code).toBe(14);
    expect(run.stderr).toContain(`logging in to ${registry.host} with `);
    expect(run.stdout + run.stderr).not.toContain(SECRET);
  });
});

describe("what logging in needs is loaded by who logs in:", () => {
  const LAUNCHER = fileURLToPath(new URL("../bin/run.js", import.meta.url));
  const preload = `
    import { registerHooks } from "node:module";
    import { writeFileSync } from "node:fs";
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    process.on("exit", () => writeFileSync(process.env.LOADED, JSON.stringify(loaded)));`;
  const hook = `data:text/javascript,${encodeURIComponent(preload)}`;

  async function loadedBy(project: Project, ...args: string[]): Promise<string[]> {
    const LOADED = join(project.dir, "loaded.json");
    const child = spawn(process.execPath, ["--import", hook, LAUNCHER, ...args], {
      cwd: project.dir,
      env: { PATH: process.env["PATH"], HOME: project.dir, LOADED },
      stdio: "ignore",
    });
    await once(child, "close");
    return JSON.parse(project.read("loaded.json")) as string[];
  }

  test.for([[["--help"]], [["status"]], [["artifact", "list"]]])(
    "%j loads nothing of the clouds",
    async ([args = []]) => {
      await using project = await aProject();
      const loaded = await loadedBy(project, ...args);
      expect(loaded.length).toBeGreaterThan(0);
      expect(loaded.filter((url) => /aws-sdk|azure|google|registry-credentials/.test(url))).toEqual(
        [],
      );
    },
  );

  test("a registry that is open to all is read without looking for credentials", async () => {
    await using registry = await startRegistry();
    await using project = await projectOn(registry);
    const loaded = await loadedBy(project, "status");
    expect(loaded.some((url) => url.includes("registry-credentials"))).toBe(false);
    expect(registry.requests.length).toBeGreaterThan(0);
  });
});
