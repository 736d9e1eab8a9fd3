import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson, parseCanonicalJson } from "../../src/model/canonical-json.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

// RFC 8785, section 3.2.2 and 3.2.3: the document's own examples of numbers, strings and key order.
test("serialises the examples of RFC 8785", () => {
  expect(
    canonicalJson({
      numbers: [Number("333333333.33333329"), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
    }),
  ).toBe('{"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27]}');
  expect(
    canonicalJson({
      "\u20ac": 1,
      "\r": 2,
      "\ufb33": 3,
      "1": 4,
      "\ud83d\ude00": 5,
      "\u0080": 6,
      "\u00f6": 7,
    }),
  ).toBe('{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}');
});

test("leaves undefined members out and refuses what JSON cannot hold", () => {
  expect(canonicalJson({ a: undefined, b: null })).toBe('{"b":null}');
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, "\ud800", () => 1, 1n]) {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  }
});

test("parses what it wrote, whatever the value", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      expect(canonicalJson(parseCanonicalJson(bytes(text)))).toBe(text);
    }),
  );
});

test.each([
  ['{"b":1,"a":2}', "keys out of order"],
  ['{"a":1,"a":1}', "a key twice"],
  ['{"a": 1}', "white space"],
  ['{"a":1.0}', "another number form"],
  ['{"a":"\\u0041"}', "an escape that is not needed"],
  ['{"a":1}\n', "a line end"],
  ['\ufeff{"a":1}', "a byte order mark"],
  ['{"__proto__":{"x":1},"a":1} ', "trailing space"],
])("refuses %j: %s", (text) => {
  expect(() => parseCanonicalJson(bytes(text))).toThrow(SyntaxError);
});

test("refuses invalid UTF-8", () => {
  expect(() => parseCanonicalJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow();
});
