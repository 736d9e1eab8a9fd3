import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createCredentialSource } from "../../src/auth/create-credential-source.ts";
import { errorOf, messagesOf } from "../registry/open-store.ts";
import { aHome } from "./docker/helper-fixture.ts";

const signal = new AbortController().signal;
const URI = "oci://ghcr.io/acme/app";
const entry = (user: string) => ({ auth: Buffer.from(`${user}:hunter2`).toString("base64") });
const auths = (user: string) => ({ auths: { "ghcr.io": entry(user) } });

describe("the order of sources", () => {
  test("what is configured, then variables, then docker's and podman's files, then nobody", async () => {
    using home = aHome();
    const runtime = join(home.path, "run");
    const env = {
      ...home.env,
      REGISTRY_AUTH_FILE: join(home.path, "auth-file.json"),
      XDG_RUNTIME_DIR: runtime,
    };
    const user = async (
      more: Record<string, string> = {},
      configured?: { username: string; password: string },
    ) => {
      const find = createCredentialSource({ env: { ...env, ...more } });
      const found = await find({ uri: URI, ...(configured && { configured }) }, { signal });
      if (found === null) return null;
      return "username" in found ? [found.username, found.source] : ["token", found.source];
    };
    expect(await user()).toBeNull();
    const podman = home.write("run/containers/auth.json", auths("podman"));
    expect(await user()).toEqual(["podman", podman]);
    const file = home.write("auth-file.json", auths("file"));
    expect(await user()).toEqual(["file", file]);
    const docker = home.write(".docker/config.json", auths("docker"));
    expect(await user()).toEqual(["docker", docker]);
    const folder = join(home.path, "other");
    const other = home.write("other/config.json", auths("other"));
    expect(await user({ DOCKER_CONFIG: folder })).toEqual(["other", other]);
    const pair = { FLOE_REGISTRY_USERNAME: "variable", FLOE_REGISTRY_PASSWORD: "hunter2" };
    const names = "FLOE_REGISTRY_USERNAME and FLOE_REGISTRY_PASSWORD";
    expect(await user(pair)).toEqual(["variable", names]);
    const token = { ...pair, FLOE_REGISTRY_TOKEN: "hunter2" };
    expect(await user(token)).toEqual(["token", "FLOE_REGISTRY_TOKEN"]);
    expect(await user(token, { username: "own", password: "x" })).toEqual(["own", undefined]);
  });

  test("in one file: the registry's own helper, the helper of all, then the file itself", async () => {
    using home = aHome();
    home.helper("own", "echo 'credentials not found in native keychain'; exit 1");
    home.helper("all", "echo 'credentials not found in native keychain'; exit 1");
    home.write(".docker/config.json", {
      ...auths("file"),
      credsStore: "all",
      credHelpers: { "ghcr.io": "own", "quay.io": "never" },
    });
    const user = async () =>
      await createCredentialSource({ env: home.env })({ uri: URI }, { signal });
    expect(await user()).toMatchObject({ username: "file" });
    home.helper("all", `echo '{"Username":"all","Secret":"x"}'`);
    expect(await user()).toMatchObject({ username: "all" });
    home.helper("own", `echo '{"Username":"own","Secret":"x"}'`);
    expect(await user()).toMatchObject({
      username: "own",
      source: `docker-credential-own (${home.path}/.docker/config.json)`,
    });
    expect(home.asked()).toEqual(Array.from({ length: 5 }, () => "ghcr.io get"));
  });

  test("Docker Hub is asked for by the name that docker gives it", async () => {
    using home = aHome();
    home.helper("hub", `echo '{"Username":"hub","Secret":"x"}'`);
    for (const name of ["docker.io", "https://index.docker.io/v1/"]) {
      home.write(".docker/config.json", { credHelpers: { [name]: "hub" } });
      const find = createCredentialSource({ env: home.env });
      expect(await find({ uri: "oci://docker.io/alpine" }, { signal })).toMatchObject({
        username: "hub",
      });
    }
    expect(new Set(home.asked())).toEqual(new Set(["https://index.docker.io/v1/ get"]));
    home.write(".docker/config.json", {
      auths: { "docker.io/library": entry("library"), "docker.io": entry("all") },
    });
    const find = createCredentialSource({ env: home.env });
    expect(await find({ uri: "oci://docker.io/alpine" }, { signal })).toMatchObject({
      username: "library",
    });
  });

  test("a helper of another registry is never run", async () => {
    using home = aHome();
    home.helper("other", `echo '{"Username":"other","Secret":"x"}'`);
    home.write(".docker/config.json", { credHelpers: { "quay.io": "other", "*": "other" } });
    const find = createCredentialSource({ env: home.env });
    expect(await find({ uri: URI }, { signal })).toBeNull();
    expect(home.asked()).toEqual([]);
  });

  test("a helper is run once for all repositories of a registry", async () => {
    using home = aHome();
    home.helper("all", `echo '{"Username":"me","Secret":"x"}'`);
    home.write(".docker/config.json", { credsStore: "all" });
    const find = createCredentialSource({ env: home.env });
    await find({ uri: URI }, { signal });
    await find({ uri: "oci://ghcr.io/acme/other" }, { signal });
    expect(home.asked()).toHaveLength(1);
  });

  test("anonymous asks nobody, basic and token only what is configured or in variables", async () => {
    using home = aHome();
    home.write(".docker/config.json", "hunter2 broken");
    const find = createCredentialSource({ env: home.env });
    for (const type of ["anonymous", "basic", "token"] as const)
      expect(await find({ uri: URI, type }, { signal })).toBeNull();
  });
});

// Row 31.
describe("trouble", () => {
  test.for([
    [{ FLOE_REGISTRY_USERNAME: "me" }, "FLOE_REGISTRY_PASSWORD is not set"],
    [{ FLOE_REGISTRY_PASSWORD: "hunter2" }, "FLOE_REGISTRY_USERNAME is not set"],
  ] as const)("half a pair of variables is an error", async ([env, words]) => {
    using home = aHome();
    const find = createCredentialSource({ env: { ...home.env, ...env } });
    const error = await errorOf(find({ uri: URI }, { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_LOGIN_FAILED");
    expect(error.message).toContain(words);
    expect(messagesOf(error)).not.toContain("hunter2");
  });

  test("a configuration that is broken, a folder or far too large is named", async () => {
    using home = aHome();
    const find = createCredentialSource({ env: home.env });
    const path = home.write(".docker/config.json", '{"auths":{"ghcr.io":{"auth":"hunter2');
    const error = await errorOf(find({ uri: URI }, { signal }));
    expect(error.message).toBe(`logging in to ghcr.io with ${path} failed: the file is not JSON`);
    expect(messagesOf(error)).not.toContain("hunter2");
    home.write(".docker/config.json", " ".repeat(4 * 1024 * 1024 + 1));
    expect((await errorOf(find({ uri: URI }, { signal }))).message).toContain("cannot be read");
    const folder = join(home.path, "other");
    mkdirSync(join(folder, "config.json"), { recursive: true });
    const other = createCredentialSource({ env: { ...home.env, DOCKER_CONFIG: folder } });
    expect((await errorOf(other({ uri: URI }, { signal }))).message).toContain("cannot be read");
  });

  test("an empty file says nothing, and a link is followed, as mounted secrets are links", async () => {
    using home = aHome();
    home.write(".docker/config.json", "");
    const find = createCredentialSource({ env: home.env });
    expect(await find({ uri: URI }, { signal })).toBeNull();
    const real = home.write("real.json", auths("linked"));
    mkdirSync(join(home.path, "linked"));
    symlinkSync(real, join(home.path, "linked/config.json"));
    const linked = createCredentialSource({
      env: { ...home.env, DOCKER_CONFIG: join(home.path, "linked") },
    });
    expect(await linked({ uri: URI }, { signal })).toMatchObject({ username: "linked" });
  });
});

// Row 31.
describe("a file with credentials that others may read", () => {
  const askWith = (home: ReturnType<typeof aHome>) => {
    const lines: string[] = [];
    const logger = { warn: (message: string) => lines.push(message) };
    return { lines, find: createCredentialSource({ env: home.env, logger }) };
  };

  test.for([
    [0o644, "0644"],
    [0o640, "0640"],
    [0o604, "0604"],
  ] as const)("is named once, with what to do: mode %s", async ([mode, text]) => {
    using home = aHome();
    const path = home.write(".docker/config.json", auths("me"));
    chmodSync(path, mode);
    const { find, lines } = askWith(home);
    for (const uri of [URI, "oci://ghcr.io/acme/other"])
      expect(await find({ uri }, { signal })).toMatchObject({ username: "me" });
    expect(lines).toEqual([
      `${path} holds credentials and others may read it (mode ${text}); run: chmod 600 ${path}`,
    ]);
  });

  test.for([
    ["its owner alone may read it", 0o600, auths("me")],
    ["it only names helpers", 0o644, { credHelpers: { "ghcr.io": "own" } }],
    ["its credentials are another registry's", 0o644, { auths: { "quay.io": entry("me") } }],
  ] as const)("and nothing is said when %s", async ([, mode, content]) => {
    using home = aHome();
    home.helper("own", `echo '{"Username":"own","Secret":"x"}'`);
    chmodSync(home.write(".docker/config.json", content), mode);
    const { find, lines } = askWith(home);
    await find({ uri: URI }, { signal });
    expect(lines).toEqual([]);
  });

  test("is the one that a link leads to", async () => {
    using home = aHome();
    const real = home.write("real.json", auths("linked"));
    chmodSync(real, 0o644);
    mkdirSync(join(home.path, ".docker"));
    symlinkSync(real, join(home.path, ".docker/config.json"));
    const { find, lines } = askWith(home);
    await find({ uri: URI }, { signal });
    expect(lines).toHaveLength(1);
  });
});
