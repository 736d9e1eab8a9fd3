import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dependentsOf } from "../../src/compare/dependents.ts";
import { jsonChanges } from "../../src/compare/json-changes.ts";
import { isOlder } from "../../src/compare/older-version.ts";

describe("two JSON documents", () => {
  test("differ member by member; a value of another kind is retyped, and lists are compared as a whole", () => {
    const from = { port: 80, tls: true, "a.b": 1, hosts: ["a"], db: { url: "x", pool: 5 } };
    const to = { port: "80", "a.b": 2, hosts: ["a", "b"], db: { url: "x" }, cache: null };
    expect(jsonChanges(from, to)).toEqual([
      { path: "port", change: "retyped", from: 80, to: "80" },
      { path: "tls", change: "removed", from: true },
      { path: '"a.b"', change: "changed", from: 1, to: 2 },
      { path: "hosts", change: "changed", from: ["a"], to: ["a", "b"] },
      { path: "db.pool", change: "removed", from: 5 },
      { path: "cache", change: "added", to: null },
    ]);
  });

  test("are the same exactly when nothing is listed, and the way back is as long", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (from, to) => {
        const read = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
        const [one, two] = [read(from), read(to)];
        expect(jsonChanges(one, read(from))).toEqual([]);
        const there = jsonChanges(one, two);
        expect(jsonChanges(two, one)).toHaveLength(there.length);
        const sorted = (value: unknown): string =>
          JSON.stringify(value, (_, inner: unknown) =>
            typeof inner === "object" && inner !== null && !Array.isArray(inner)
              ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
              : inner,
          );
        expect(there.length === 0).toBe(sorted(one) === sorted(two));
      }),
    );
  });

  test.each(["lists", "objects"])(
    "that are %s in one another without end are compared all the same",
    (kind) => {
      const depth = 50_000;
      const nest = (inner: string): unknown =>
        JSON.parse(
          kind === "lists"
            ? "[".repeat(depth) + inner + "]".repeat(depth)
            : '{"a":'.repeat(depth) + inner + "}".repeat(depth),
        );
      expect(jsonChanges(nest("1"), nest("1"))).toEqual([]);
      expect(jsonChanges(nest("1"), nest("2"))).toHaveLength(1);
    },
  );
});

test("what needs a component is found through others, and a cycle ends", () => {
  const dependents = dependentsOf([
    { name: "db", depends_on: [] },
    { name: "api", depends_on: ["db"] },
    { name: "web", depends_on: ["api", "mail"] },
    { name: "mail", depends_on: ["web"] },
  ]);
  expect(dependents("db")).toEqual(["api", "mail", "web"]);
  expect(dependents("web")).toEqual(["mail"]);
  expect(dependents("elsewhere")).toEqual([]);
});

test.each([
  ["1.2.3", "1.10.0", true],
  ["v1.2", "1.2.1", true],
  ["3.0.11-1~deb12u2", "3.0.13-1~deb12u1", true],
  ["2.0.0", "1.9.9", false],
  ["1.2.3", "1.2.3", false],
  ["1.0.0, 2.0.0", "3.0.0", false],
  ["unknown", "1.0.0", false],
  [null, "1.0.0", false],
])("%s is older than %s: %s", (version, than, older) => {
  expect(isOlder(version, than)).toBe(older);
});
