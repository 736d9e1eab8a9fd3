import { describe, expect, test } from "vitest";
import { coversScopes, scopesFor, uniteScopes } from "../../src/auth/scopes.ts";

describe("scopes", () => {
  test("pushing needs pulling too, and deleting both", () => {
    expect(scopesFor("a/b", "pull")).toEqual(["repository:a/b:pull"]);
    expect(scopesFor("a/b", "push")).toEqual(["repository:a/b:pull,push"]);
    expect(scopesFor("a/b", "delete")).toEqual(["repository:a/b:pull,push,delete"]);
  });

  test("a union has each resource once, the first one first, actions in one order", () => {
    const own = ["repository:a:push,pull"];
    const asked = [
      "registry:catalog:*",
      "repository:a:delete",
      "nonsense",
      `x:${"y".repeat(2000)}`,
    ];
    expect(uniteScopes(own, asked)).toEqual([
      "repository:a:pull,push,delete",
      "registry:catalog:*",
    ]);
  });

  test("a wider scope covers a narrower one of the same repository only", () => {
    expect(coversScopes(["repository:a:pull,push"], ["repository:a:pull"])).toBe(true);
    expect(coversScopes(["repository:a:pull"], ["repository:a:pull,push"])).toBe(false);
    expect(coversScopes(["repository:b:pull"], ["repository:a:pull"])).toBe(false);
  });
});
