import { describe, expect, test } from "vitest";
import { coversScopes, describeAccess, scopesFor, uniteScopes } from "../../src/auth/scopes.ts";

describe("scopes", () => {
  test("pushing needs pulling too, and deleting both", () => {
    expect(scopesFor("a/b", "pull")).toEqual(["repository:a/b:pull"]);
    expect(scopesFor("a/b", "push")).toEqual(["repository:a/b:pull,push"]);
    expect(scopesFor("a/b", "delete")).toEqual(["repository:a/b:pull,push,delete"]);
  });

  test("mounting needs pushing to the one repository and pulling from the other, its own first", () => {
    expect(scopesFor("b", { mountFrom: "a" })).toEqual([
      "repository:b:pull,push",
      "repository:a:pull",
    ]);
    expect(scopesFor("a", { mountFrom: "a" })).toEqual(["repository:a:pull,push"]);
  });

  test("a message says what a request does", () => {
    expect(
      (["pull", "push", "delete", { mountFrom: "a" }] as const).map((one) =>
        describeAccess("b", one),
      ),
    ).toEqual(["pull from b", "push to b", "delete in b", "mount a blob of a in b"]);
  });

  test("a union is short, however many scopes a registry names", () => {
    const many = Array.from({ length: 500 }, (_, index) => `repository:${index}:pull`);
    expect(uniteScopes(["repository:z:pull"], many)).toHaveLength(16);
    expect(uniteScopes(["repository:z:pull"], many)[0]).toBe("repository:z:pull");
  });

  test("a union has each resource once, the first one first, the others and actions in one order", () => {
    const own = ["repository:a:push,pull"];
    const asked = [
      "repository:z:pull",
      "registry:catalog:*",
      "repository:a:delete",
      "repository:b:with space",
      "nonsense",
      `x:${"y".repeat(2000)}`,
    ];
    expect(uniteScopes(own, asked)).toEqual([
      "repository:a:pull,push,delete",
      "registry:catalog:*",
      "repository:z:pull",
    ]);
  });

  test("a wider scope covers a narrower one of the same repository only", () => {
    expect(coversScopes(["repository:a:pull,push"], ["repository:a:pull"])).toBe(true);
    expect(coversScopes(["repository:a:pull"], ["repository:a:pull,push"])).toBe(false);
    expect(coversScopes(["repository:b:pull"], ["repository:a:pull"])).toBe(false);
  });
});
