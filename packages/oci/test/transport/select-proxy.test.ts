import { isFloeError } from "@floe/core/errors";
import { describe, expect, test } from "vitest";
import { type Environment, selectProxy } from "../../src/transport/select-proxy.ts";

function proxyFor(url: string, env: Environment): string | null {
  return selectProxy(new URL(url), env)?.href ?? null;
}

describe("selectProxy", () => {
  test.for<[string, Environment, string | null]>([
    ["https://r.example/", {}, null],
    ["https://r.example/", { HTTPS_PROXY: "http://p:1" }, "http://p:1/"],
    [
      "https://r.example/",
      { https_proxy: "http://low:1", HTTPS_PROXY: "http://up:1" },
      "http://low:1/",
    ],
    ["https://r.example/", { https_proxy: "", HTTPS_PROXY: "http://up:1" }, null],
    ["https://r.example/", { HTTP_PROXY: "http://p:1" }, null],
    ["http://r.example/", { HTTP_PROXY: "http://p:1" }, "http://p:1/"],
    ["http://r.example/", { HTTP_PROXY: "http://p:1", REQUEST_METHOD: "GET" }, null],
    ["https://r.example/", { ALL_PROXY: "p:3128" }, "http://p:3128/"],
    ["http://r.example/", { all_proxy: "https://p" }, "https://p/"],
    ["http://localhost:5000/", { ALL_PROXY: "http://p:1" }, null],
    ["http://127.0.0.1:5000/", { ALL_PROXY: "http://p:1" }, null],
    ["http://[::1]:5000/", { ALL_PROXY: "http://p:1" }, null],
  ])("%s with %j: %s", ([url, env, expected]) => {
    expect(proxyFor(url, env)).toBe(expected);
  });

  test.for<[string, string, boolean]>([
    ["*", "https://r.example/", true],
    ["r.example", "https://r.example/", true],
    ["R.Example", "https://r.example/", true],
    ["r.example", "https://sub.r.example/", true],
    ["r.example", "https://other.example/", false],
    ["r.example", "https://evilr.example/", false],
    [".r.example", "https://sub.r.example/", true],
    [".r.example", "https://r.example/", false],
    ["*.r.example", "https://sub.r.example/", true],
    ["a.example, r.example", "https://r.example/", true],
    ["a.example r.example", "https://r.example/", true],
    ["r.example:8443", "https://r.example/", false],
    ["r.example:443", "https://r.example/", true],
    ["r.example:8443", "https://r.example:8443/", true],
    ["10.0.0.0/8", "https://10.1.2.3/", true],
    ["10.0.0.0/8", "https://11.1.2.3/", false],
    ["10.0.0.0/33", "https://10.1.2.3/", false],
    ["10.0.0.0/x", "https://10.1.2.3/", false],
    ["10.0.0.0/8", "https://r.example/", false],
    ["192.0.2.7", "https://192.0.2.7/", true],
    ["192.0.2.7:443", "https://192.0.2.7/", true],
    ["192.0.2.7", "https://1192.0.2.7.example/", false],
    ["fd00::/8", "https://[fd12::1]/", true],
    ["fd12::1", "https://[fd12::1]/", true],
    ["[fd12::1]:443", "https://[fd12::1]/", true],
    ["[fd12::1]:1", "https://[fd12::1]/", false],
    [", ,", "https://r.example/", false],
  ])("NO_PROXY %j lets %s pass: %s", ([exceptions, url, passes]) => {
    const env = { HTTPS_PROXY: "http://p:1", NO_PROXY: exceptions };
    expect(proxyFor(url, env)).toBe(passes ? null : "http://p:1/");
  });

  test.for(["http://me:hunter2@", "socks5://me:hunter2@p:1", "http://me:hunter2@["])(
    "%s is an error that shows no password",
    (value) => {
      try {
        selectProxy(new URL("https://r.example/"), { HTTPS_PROXY: value });
      } catch (error) {
        if (!isFloeError(error, "FLOE_USAGE_INVALID")) throw error;
        expect(error.message).toContain("HTTPS_PROXY");
        expect(`${error.message}${error.hint}${error.stack}`).not.toContain("hunter2");
        return;
      }
      throw new Error("no error");
    },
  );
});
