import { describe, expect, test } from "vitest";
import { toNetworkError } from "../../src/transport/network-error.ts";

const signal = new AbortController().signal;

function failure(code: string): Error {
  return Object.assign(new Error(`${code} of the operating system`), { code });
}

describe("toNetworkError", () => {
  test.for([
    ["ENOTFOUND", "FLOE_REGISTRY_UNAVAILABLE", false],
    ["EAI_AGAIN", "FLOE_REGISTRY_UNAVAILABLE", true],
    ["ECONNRESET", "FLOE_REGISTRY_UNAVAILABLE", true],
    ["EHOSTUNREACH", "FLOE_REGISTRY_UNAVAILABLE", true],
    ["CERT_HAS_EXPIRED", "FLOE_REGISTRY_UNAVAILABLE", false],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "FLOE_REGISTRY_UNAVAILABLE", false],
    ["HPE_INVALID_CONSTANT", "FLOE_REGISTRY_RESPONSE_INVALID", undefined],
  ] as const)("%s is %s, to be repeated: %s", ([cause, code, retryable]) => {
    const error = failure(cause);
    const given = toNetworkError(error, "GET https://registry.example/v2/", signal);
    expect(given).toMatchObject({ code, cause: error });
    expect(given).toHaveProperty("message", expect.stringContaining(cause));
    const { details } = given as { details?: { retryable?: boolean } };
    expect(details?.retryable).toBe(retryable);
  });

  test("after an abort its reason is all that counts", () => {
    const reason = new Error("enough");
    expect(toNetworkError(failure("ECONNRESET"), "GET x", AbortSignal.abort(reason))).toBe(reason);
  });
});
