import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseTraceContext, traceEnvironment } from "../../src/telemetry/index.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const PARENT = `00-${TRACE}-${SPAN}-01`;

describe("parseTraceContext", () => {
  test("reads the example of W3C Trace Context, and writes it again", () => {
    const context = parseTraceContext({
      TRACEPARENT: PARENT,
      TRACESTATE: "congo=t61rcWkgMzE, rojo=00f067aa0ba902b7",
    });
    expect(context).toEqual({
      traceId: TRACE,
      spanId: SPAN,
      sampled: true,
      traceState: "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7",
    });
    expect(context && traceEnvironment(context)).toEqual({
      TRACEPARENT: PARENT,
      TRACESTATE: "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7",
    });
  });

  test("reads what a later version adds behind, as today's version", () => {
    const context = parseTraceContext({ TRACEPARENT: `cc-${TRACE}-${SPAN}-00-what-comes-later` });
    expect(context).toMatchObject({ traceId: TRACE, sampled: false });
    expect(context && traceEnvironment(context)).toEqual({
      TRACEPARENT: `00-${TRACE}-${SPAN}-00`,
    });
  });

  test.each([
    ["nothing", undefined],
    ["an empty text", ""],
    ["identifiers that are all zero", `00-${"0".repeat(32)}-${SPAN}-01`],
    ["a span that is all zero", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["capitals", PARENT.toUpperCase()],
    ["a version that is forbidden", PARENT.replace("00-", "ff-")],
    ["more than version 00 has", `${PARENT}-more`],
    ["a line break behind", `${PARENT}\n`],
    ["a line break in a later version", `cc-${TRACE}-${SPAN}-01-x\nFLOE_X=1`],
    ["a very long text", `cc-${TRACE}-${SPAN}-01-${"x".repeat(1_000_000)}`],
    ["commands", "00-$(touch${IFS}owned)-`id`-01"],
  ])("ignores %s", (_, TRACEPARENT) => {
    expect(parseTraceContext({ TRACEPARENT, TRACESTATE: "a=b" })).toBeNull();
  });

  test.each([
    ["no member", " , ,"],
    ["a key twice", "a=1,a=2"],
    ["a key in capitals", "A=1"],
    ["no value", "a="],
    ["a line break", "a=1\nb=2"],
    ["33 members", Array.from({ length: 33 }, (_, index) => `k${index}=1`).join()],
    ["more than 512 characters", `a=${"x".repeat(256)},b=${"x".repeat(256)}`],
  ])("leaves out a state with %s, and keeps the parent", (_, TRACESTATE) => {
    expect(parseTraceContext({ TRACEPARENT: PARENT, TRACESTATE })).toMatchObject({
      traceId: TRACE,
      traceState: null,
    });
  });

  test("whatever it is given, what it hands on is one line that it reads the same again", () => {
    const hex = (length: number) =>
      fc.string({
        unit: fc.constantFrom(..."0123456789abcdefA-\n".split("")),
        minLength: length,
        maxLength: length,
      });
    const parent = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.tuple(hex(2), hex(32), hex(16), hex(2)).map((parts) => parts.join("-")),
      fc.constant(PARENT),
    );
    fc.assert(
      fc.property(parent, fc.string({ unit: "binary" }), (TRACEPARENT, TRACESTATE) => {
        const context = parseTraceContext({ TRACEPARENT, TRACESTATE });
        if (!context) return;
        const written = traceEnvironment(context);
        expect(Object.values(written).join("")).toMatch(/^[ -~]+$/);
        expect(parseTraceContext(written)).toEqual(context);
      }),
    );
  });
});
