import { describe, expect, test } from "vitest";
import { PostgresConfig } from "../src/config.ts";
import { locationOf, parseServerUrl, type ServerAddress } from "../src/server-url.ts";

function address(url: string): ServerAddress {
  const parsed = parseServerUrl(url);
  if ("problem" in parsed) throw new Error(parsed.problem);
  return parsed;
}

describe("the URL of a database", () => {
  test.each<[string, Partial<ServerAddress>]>([
    [
      "postgres://floe:p%40ss%2Fword@DB.example.com/audit",
      { host: "db.example.com", port: 5432, password: "p@ss/word", tls: "verified" },
    ],
    ["postgresql://floe@10.0.0.1:6000/a%20b", { port: 6000, database: "a b", tls: "verified" }],
    ["postgres://floe@[::1]/audit", { host: "::1", tls: "off" }],
    ["postgres://floe@[2001:db8::1]/audit", { host: "2001:db8::1", tls: "verified" }],
    ["postgres://floe@localhost/audit", { tls: "off", password: null }],
    ["postgres://floe@127.0.0.1/audit?sslmode=verify-full", { tls: "verified" }],
    ["postgres://floe@db/audit?sslmode=require", { tls: "unverified" }],
    ["postgres://floe@db/audit?sslmode=disable", { tls: "off" }],
    ["postgres://floe@/audit?host=/run/postgresql", { host: "/run/postgresql", tls: "off" }],
    ["postgres://floe@%2Frun%2Fpg/audit", { host: "/run/pg", tls: "off" }],
  ])("%s is understood", (url, expected) => {
    expect(address(url)).toMatchObject({ user: "floe", ...expected });
  });

  test.each([
    ["mysql://floe@db/audit", "expected postgres://"],
    ["postgres://db/audit", "names no user"],
    ["postgres://floe@db", "names no database"],
    ["postgres://floe@db/", "names no database"],
    ["postgres://floe@db/a/b", "names no database"],
    ["postgres://floe@/audit", "names no host"],
    ["postgres://floe@one,two/audit", "several hosts"],
    ["postgres://floe:hunter2%@db/audit", "begins no escape"],
    ["postgres://floe:hunter2%0a@db/audit", "line break"],
    ["postgres://floe:hunter2@db/audit?sslmode=prefer", "sslmode is"],
    ["postgres://floe:hunter2@db/audit?options=-cfsync%3Doff", "parameter options"],
    ["postgres://floe:hunter2@db/audit?sslmode=require&sslmode=disable", "given twice"],
    ["postgres://floe:hunter2@db:99999/audit", "is not a URL"],
    [7, "expected postgres://"],
    [`postgres://floe@db/${"a".repeat(5000)}`, "expected postgres://"],
  ])("%s is refused, and the password is not repeated", (url, problem) => {
    const parsed = parseServerUrl(url);
    expect(parsed).toMatchObject({ problem: expect.stringContaining(problem) as string });
    expect(JSON.stringify(parsed)).not.toContain("hunter2");
  });

  test.each([
    [
      "postgres://floe:hunter2@DB.example.com/audit",
      "postgres://db.example.com:5432/audit?schema=floe",
    ],
    [
      "postgres://floe:hunter2@[::1]:7/audit?sslmode=disable",
      "postgres://[::1]:7/audit?schema=floe",
    ],
    ["postgres://floe@/audit?host=/run/pg", "postgres:///audit?host=/run/pg&port=5432&schema=floe"],
  ])("%s is pinned without who asks", (url, location) => {
    expect(locationOf(address(url), "floe")).toBe(location);
  });
});

test("the settings are references where they are secrets, and one way to the database", async () => {
  const read = async (value: unknown) => await PostgresConfig["~standard"].validate(value);
  expect(await read({ url_ref: "env:URL", password_ref: "env:PASSWORD" })).toEqual({
    value: { url: { ref: "env:URL" }, passwordRef: "env:PASSWORD", caRef: null, schema: "floe" },
  });
  expect(
    await read({ url: "postgres://floe:hunter2@db/audit?a=b", schema: "pg_floe", x: 1 }),
  ).toEqual({
    issues: [
      { message: "unknown key x", path: ["x"] },
      { message: "has the parameter a, which is unknown or given twice", path: ["url"] },
      { message: expect.stringContaining("not beginning with pg_") as string, path: ["schema"] },
    ],
  });
});
