import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseChallenges } from "../../src/auth/parse-challenges.ts";

function parse(header: string) {
  return parseChallenges(header).map(({ scheme, parameters }) => [
    scheme,
    Object.fromEntries(parameters),
  ]);
}

describe("parseChallenges", () => {
  test.for<[string, unknown]>([
    ["Basic", [["basic", {}]]],
    ['Basic realm="x y"', [["basic", { realm: "x y" }]]],
    [
      'BEARER Realm="https://a/token",service="s", scope="repository:a:pull,push"',
      [["bearer", { realm: "https://a/token", service: "s", scope: "repository:a:pull,push" }]],
    ],
    [
      "Negotiate, Basic realm=x",
      [
        ["negotiate", {}],
        ["basic", { realm: "x" }],
      ],
    ],
    [
      'Negotiate YII==, Bearer realm="https://a"',
      [
        ["negotiate", { yii: "" }],
        ["bearer", { realm: "https://a" }],
      ],
    ],
    ['Bearer realm="a\\"b\\\\c"', [["bearer", { realm: 'a"b\\c' }]]],
    ['Bearer realm = "a" , realm="b"', [["bearer", { realm: "a" }]]],
    ['Bearer realm="never closed', [["bearer", { realm: "never closed" }]]],
    ['realm="without scheme"', []],
    ["", []],
  ])("%j", ([header, expected]) => {
    expect(parse(header)).toEqual(expected);
  });

  test("what was written as a challenge is read back", () => {
    const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,10}$/);
    const challenge = fc.tuple(
      token,
      fc.uniqueArray(fc.tuple(token, fc.string()), {
        minLength: 1,
        maxLength: 4,
        selector: ([name]) => name.toLowerCase(),
      }),
    );
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 5 }), (challenges) => {
        const header = challenges
          .map(
            ([scheme, parameters]) =>
              `${scheme} ${parameters.map(([name, value]) => `${name}="${value.replace(/["\\]/g, "\\$&")}"`).join(", ")}`,
          )
          .join(", ");
        const expected = challenges.map(([scheme, parameters]) => [
          scheme.toLowerCase(),
          Object.fromEntries(parameters.map(([name, value]) => [name.toLowerCase(), value])),
        ]);
        expect(parse(header)).toEqual(expected);
      }),
    );
  });

  // Row 25.
  test("any text is read without an exception, and long text in linear time", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('"', "\\", ",", "=", " ", "a", "Basic ") }),
        (text) => {
          expect(parse(text).length).toBeLessThanOrEqual(16);
        },
      ),
    );
    for (const piece of ['"', ",", "a ", "a=", 'a="', "\\", "Basic "]) {
      expect(parse(piece.repeat(1_000_000)).length).toBeLessThanOrEqual(16);
    }
  });
});
