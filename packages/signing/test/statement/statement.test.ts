import { type Digest, digestOf } from "@floe/core/model";
import { describe, expect, it } from "vitest";
import { hasSubject, parseStatement, type Statement, writeStatement } from "../../src/index.ts";
import { describeSubjects } from "../../src/statement/parse-statement.ts";

const digest = digestOf("artifact");
const hex = digest.slice(7);

function parse(text: string): Statement {
  const parsed = parseStatement(Buffer.from(text));
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.statement;
}

function reason(text: string | Uint8Array): string {
  const parsed = parseStatement(Buffer.from(text));
  return parsed.ok ? "accepted" : parsed.reason;
}

const V1 = "https://in-toto.io/Statement/v1";

describe("writeStatement", () => {
  it("writes canonical JSON that parseStatement reads back", () => {
    const bytes = writeStatement({
      subject: digest,
      subjectName: "acme/app",
      predicateType: "https://example.com/p/v1",
      predicate: { b: 1, a: [true] },
    });
    expect(Buffer.from(bytes).toString()).toBe(
      `{"_type":"${V1}","predicate":{"a":[true],"b":1},"predicateType":"https://example.com/p/v1","subject":[{"digest":{"sha256":"${hex}"},"name":"acme/app"}]}`,
    );
    const statement = parse(Buffer.from(bytes).toString());
    expect(statement.predicate).toEqual({ b: 1, a: [true] });
    expect(statement.subjects[0]?.name).toBe("acme/app");
    expect(hasSubject(statement, digest)).toBe(true);
  });

  it("leaves name and predicate to their defaults", () => {
    const bytes = writeStatement({ subject: digest, predicateType: "p" });
    expect(JSON.parse(Buffer.from(bytes).toString())).toEqual({
      _type: V1,
      subject: [{ digest: { sha256: hex } }],
      predicateType: "p",
      predicate: {},
    });
  });
});

describe("parseStatement", () => {
  it.each(["https://in-toto.io/Statement/v0.1", V1])("accepts %s", (type) => {
    const text = JSON.stringify({
      _type: type,
      subject: [{ digest: { sha256: hex } }],
      predicateType: "p",
    });
    expect(parse(text)).toMatchObject({ predicateType: "p", predicate: {} });
  });

  it.each([
    ["no JSON", "hello", "not JSON"],
    ["invalid UTF-8", Uint8Array.of(0x22, 0xff, 0x22), "not JSON"],
    ["a list", "[]", "not an in-toto statement"],
    [
      "another type",
      JSON.stringify({ _type: "https://in-toto.io/Statement/v2" }),
      "not an in-toto statement",
    ],
    [
      "no predicateType",
      JSON.stringify({ _type: V1, subject: [{ digest: { a: "b" } }] }),
      "predicateType",
    ],
    ["no subject", JSON.stringify({ _type: V1, predicateType: "p", subject: [] }), "no subject"],
    [
      "a subject without digest",
      JSON.stringify({ _type: V1, predicateType: "p", subject: [{}] }),
      "no digest",
    ],
    [
      "an empty digest",
      JSON.stringify({ _type: V1, predicateType: "p", subject: [{ digest: {} }] }),
      "no digest",
    ],
    [
      "a digest that is a number",
      JSON.stringify({ _type: V1, predicateType: "p", subject: [{ digest: { sha256: 1 } }] }),
      "no digest",
    ],
    ["a type only in the prototype", `{"__proto__":{"_type":"${V1}"}}`, "not an in-toto statement"],
  ])("refuses %s", (_, text, part) => {
    expect(reason(text)).toContain(part);
  });

  it("counts the last of a key that is written twice", () => {
    const other = "0".repeat(64);
    const statement = parse(
      `{"_type":"${V1}","predicateType":"p","subject":[{"digest":{"sha256":"${hex}"}}],"subject":[{"digest":{"sha256":"${other}"}}]}`,
    );
    expect(hasSubject(statement, digest)).toBe(false);
  });

  it("finds a digest under its own algorithm and spelling only", () => {
    const withDigest = (map: string) =>
      parse(`{"_type":"${V1}","predicateType":"p","subject":[{"digest":${map}}]}`);
    expect(hasSubject(withDigest(`{"sha512":"${hex}"}`), digest)).toBe(false);
    expect(hasSubject(withDigest(`{"sha256":"${hex.toUpperCase()}"}`), digest)).toBe(false);
    expect(hasSubject(withDigest(`{"__proto__":"x","sha256":"${hex}"}`), digest)).toBe(true);
    expect(hasSubject(withDigest('{"constructor":"x"}'), "constructor:x" as Digest)).toBe(true);
  });

  it("describes many or strange subjects on one short line", () => {
    const subjects = Array.from({ length: 9 }, () => ({ digest: { sha256: "a\nb" } }));
    const statement = parse(JSON.stringify({ _type: V1, predicateType: "p", subject: subjects }));
    expect(describeSubjects(statement)).toBe("sha256:a\\nb, sha256:a\\nb, sha256:a\\nb and 6 more");
  });
});
