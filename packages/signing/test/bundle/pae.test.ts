import { describe, expect, it } from "vitest";
import { preAuthEncoding } from "../../src/bundle/pae.ts";

describe("preAuthEncoding", () => {
  it("is the example of the DSSE protocol", () => {
    const encoded = preAuthEncoding("http://example.com/HelloWorld", Buffer.from("hello world"));
    expect(Buffer.from(encoded).toString()).toBe(
      "DSSEv1 29 http://example.com/HelloWorld 11 hello world",
    );
  });

  it("counts bytes, not characters", () => {
    const encoded = preAuthEncoding("é", Buffer.from("ü€"));
    expect(Buffer.from(encoded).toString()).toBe("DSSEv1 2 é 5 ü€");
  });

  it("keeps payload bytes that are no text", () => {
    const payload = Uint8Array.of(0, 255, 254, 10);
    expect(preAuthEncoding("t", payload).slice(-4)).toEqual(Buffer.from(payload));
  });
});
