import { isFloeError } from "@floe/core/errors";
import { describe, expect, test } from "vitest";
import { checkTarget, isPrivateHost } from "../../src/transport/check-target.ts";

function outcome(target: string, registry: string, from = registry): string {
  try {
    return checkTarget(target, {
      registry: new URL(registry),
      from: new URL(from),
      what: "redirect",
    }).href;
  } catch (error) {
    if (isFloeError(error, "FLOE_REGISTRY_RESPONSE_INVALID")) return "refused";
    throw error;
  }
}

describe("checkTarget", () => {
  test.for([
    ["/blob?a=b", "https://r.example", "https://r.example/blob?a=b"],
    ["https://cdn.example/x", "https://r.example", "https://cdn.example/x"],
    ["https://r.example:8443/x", "https://r.example", "https://r.example:8443/x"],
    ["http://cdn.example/x", "http://r.example", "http://cdn.example/x"],
    ["http://127.0.0.1:9/x", "http://127.0.0.1:5000", "http://127.0.0.1:9/x"],
    ["http://r.example/x", "https://r.example", "refused"],
    ["http://cdn.example/x", "https://r.example", "refused"],
    ["https://169.254.169.254/x", "https://r.example", "refused"],
    ["https://2852039166/x", "https://r.example", "refused"],
    ["https://[fd00::1]/x", "https://r.example", "refused"],
    ["https://10.0.0.1/x", "https://r.example", "refused"],
    ["https://foo.localhost/x", "https://r.example", "refused"],
    ["ftp://cdn.example/x", "https://r.example", "refused"],
    ["https://a:b@cdn.example/x", "https://r.example", "refused"],
  ])("%s from %s: %s", ([target, registry, expected]) => {
    expect(outcome(target ?? "", registry ?? "")).toBe(expected);
  });

  // Row 21.
  test("a hop over https does not lead back to http, even for a registry on http", () => {
    expect(outcome("http://r.example/x", "http://r.example", "https://cdn.example")).toBe(
      "refused",
    );
  });
});

describe("isPrivateHost", () => {
  test.for([
    ["127.0.0.1", true],
    ["10.1.2.3", true],
    ["172.31.0.1", true],
    ["172.32.0.1", false],
    ["192.168.1.1", true],
    ["169.254.169.254", true],
    ["0.0.0.0", true],
    ["255.255.255.255", true],
    ["8.8.8.8", false],
    ["[::1]", true],
    ["[::]", true],
    ["[::ffff:808:808]", true],
    ["[::ffff:7f00:1]", true],
    ["[64:ff9b::7f00:1]", true],
    ["[64:ff9b::a9fe:a9fe]", true],
    ["[64:ff9b::808:808]", false],
    ["[64:ff9b:1::808:808]", true],
    ["[2002:7f00:1::]", true],
    ["[fe80::1]", true],
    ["198.18.0.1", true],
    ["[2606:4700::1111]", false],
    ["localhost", true],
    ["localhost.", true],
    ["registry.example.com", false],
  ] as const)("%s: %s", ([host, expected]) => {
    expect(isPrivateHost(host)).toBe(expected);
  });
});
