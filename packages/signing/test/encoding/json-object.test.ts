import { describe, expect, it } from "vitest";
import { own, show } from "../../src/encoding/json-object.ts";

describe("own", () => {
  it("reads only what the object itself has", () => {
    const value: unknown = JSON.parse('{"__proto__":{"subject":1},"a":2}');
    expect(own(value, "a")).toBe(2);
    expect(own(value, "subject")).toBeUndefined();
    expect(own(value, "constructor")).toBeUndefined();
    expect(own([1], "length")).toBeUndefined();
    expect(own(null, "a")).toBeUndefined();
  });
});

describe("show", () => {
  it("quotes, shortens and takes the power from control characters", () => {
    expect(show("a\u001b[31mb\n")).toBe('"a\\u001b[31mb\\n"');
    expect(show("\u202egnp.exe\u009b")).toBe('"\\u202egnp.exe\\u009b"');
    expect(show("x".repeat(500), 10)).toBe('"xxxxxxxxxx…"');
    expect(show(undefined)).toBe('"nothing"');
  });
});
