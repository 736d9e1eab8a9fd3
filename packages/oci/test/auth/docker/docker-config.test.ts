import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { credentialsIn, parseDockerConfig } from "../../../src/auth/docker/docker-config.ts";
import { messagesOf } from "../../registry/open-store.ts";

const auth = (user: string, password: string) => ({
  auth: Buffer.from(`${user}:${password}`).toString("base64"),
});

function find(auths: unknown, host: string, repository = "acme/app") {
  const config = parseDockerConfig(JSON.stringify({ auths }), "/c/config.json", host);
  return credentialsIn(config, { host, repository });
}

function errorOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("credentialsIn", () => {
  test.for([
    ["ghcr.io", "ghcr.io"],
    ["https://ghcr.io", "ghcr.io"],
    ["https://ghcr.io/", "ghcr.io"],
    ["https://ghcr.io/v2/", "ghcr.io"],
    ["http://ghcr.io/v1/", "ghcr.io"],
    ["GHCR.io", "ghcr.io"],
    ["127.0.0.1:5000", "127.0.0.1:5000"],
    ["https://index.docker.io/v1/", "docker.io"],
    ["docker.io", "docker.io"],
    ["registry-1.docker.io", "index.docker.io"],
    ["ghcr.io/acme", "ghcr.io"],
    ["ghcr.io/acme/app", "ghcr.io"],
  ])("the key %s is for %s", ([key = "", host = ""]) => {
    expect(find({ [key]: auth("me", "word") }, host)).toEqual({
      username: "me",
      password: "word",
      source: "/c/config.json",
    });
  });

  test.for([
    ["ghcr.io", "evil-ghcr.io"],
    ["ghcr.io", "ghcr.io.evil.example"],
    ["ghcr.io", "ghcr.io:8443"],
    ["127.0.0.1:5000", "127.0.0.1"],
    ["*.ecr.example", "a.ecr.example"],
    ["ghcr.io/acm", "ghcr.io"],
    ["ghcr.io/acme/app/deep", "ghcr.io"],
    ["docker.io", "ghcr.io"],
    ["https://index.docker.io/v1/", "quay.io"],
    ["", "ghcr.io"],
    ["__proto__", "ghcr.io"],
  ])("the key %s is not for %s", ([key = "", host = ""]) => {
    expect(find({ [key]: auth("me", "word") }, host)).toBeNull();
  });

  test("of several keys the longest that fits counts", () => {
    const auths = {
      "ghcr.io": auth("host", "1"),
      "ghcr.io/acme/app": auth("repository", "3"),
      "ghcr.io/acme": auth("group", "2"),
    };
    expect(find(auths, "ghcr.io", "acme/app")).toMatchObject({ username: "repository" });
    expect(find(auths, "ghcr.io", "acme/other")).toMatchObject({ username: "group" });
    expect(find(auths, "ghcr.io", "acme-2/app")).toMatchObject({ username: "host" });
  });

  test("a password may have colons, and docker's NUL at its end is not of it", () => {
    expect(find({ h: auth("me", "a:b:c\0\0") }, "h")).toMatchObject({ password: "a:b:c" });
  });

  test("tokens go before the password, and an empty entry says nothing", () => {
    const entry = auth("me", "word");
    expect(find({ h: { ...entry, identitytoken: "id" } }, "h")).toMatchObject({
      identityToken: "id",
    });
    expect(find({ h: { ...entry, identitytoken: "id", registrytoken: "r" } }, "h")).toMatchObject({
      token: "r",
    });
    expect(find({ h: {} }, "h")).toBeNull();
    expect(find({ h: { auth: "" } }, "h")).toBeNull();
    expect(find({ h: null }, "h")).toBeNull();
    expect(find({ h: { username: "me", password: "word" } }, "h")).toMatchObject({
      username: "me",
      password: "word",
    });
  });

  test.for<[unknown]>([
    [{ auth: "not base64 hunter2" }],
    [{ auth: Buffer.from("hunter2-without-a-colon").toString("base64") }],
    [{ auth: Buffer.from(":hunter2").toString("base64") }],
    [{ auth: 7 }],
    [{ identitytoken: { hunter2: 1 } }],
    ["hunter2"],
    [["hunter2"]],
  ])("the entry %j is an error that names the file and quotes nothing", ([entry]) => {
    const error = errorOf(() => find({ "ghcr.io": entry }, "ghcr.io"));
    expect(error).toMatchObject({
      code: "FLOE_REGISTRY_LOGIN_FAILED",
      message: expect.stringMatching(/^logging in to ghcr\.io with \/c\/config\.json failed: /),
    });
    expect(messagesOf(error)).not.toContain("hunter2");
  });

  test("an entry that cannot be read is no matter to other registries", () => {
    expect(find({ "ghcr.io": { auth: 7 } }, "quay.io")).toBeNull();
  });
});

// Row 31.
describe("parseDockerConfig", () => {
  test.for([
    '{"auths":{"h":{"auth":"hunter2',
    '"hunter2"',
    '["hunter2"]',
    "hunter2",
    '{"auths":"hunter2"}',
    '{"credHelpers":["hunter2"]}',
  ])("%s is an error that does not quote it", (text) => {
    const error = errorOf(() => parseDockerConfig(text, "/c/config.json", "h"));
    expect(error).toMatchObject({ code: "FLOE_REGISTRY_LOGIN_FAILED" });
    expect(messagesOf(error)).not.toContain("hunter2");
  });

  test("a byte order mark, unknown keys and a key named like a prototype are no trouble", () => {
    const text = `\uFEFF{"__proto__":{"auths":{}},"HttpHeaders":{},"auths":{"__proto__":{},"h":${JSON.stringify(auth("a", "b"))}}}`;
    const config = parseDockerConfig(text, "/c", "h");
    expect(credentialsIn(config, { host: "h", repository: "r" })).toMatchObject({ username: "a" });
  });

  test("whatever JSON a file holds, the answer is credentials, none, or the one error", () => {
    fc.assert(
      fc.property(fc.json(), fc.json(), (inner, outer) => {
        for (const text of [outer, `{"auths":${inner}}`, `{"auths":{"h":${inner}}}`]) {
          try {
            credentialsIn(parseDockerConfig(text, "/c", "h"), { host: "h", repository: "r" });
          } catch (error) {
            expect(error).toMatchObject({ code: "FLOE_REGISTRY_LOGIN_FAILED" });
          }
        }
      }),
    );
  });
});
