import { describe, expect, it } from "vitest";
import { decodeBase64 } from "../../src/encoding/base64.ts";

describe("decodeBase64", () => {
  it.each([
    ["", ""],
    ["Zg==", "f"],
    ["Zg", "f"],
    ["Zm8=", "fo"],
    ["Zm9v", "foo"],
    ["w7_Dvw", "ÿÿ"],
    ["w7/Dvw==", "ÿÿ"],
  ])("decodes %j", (text, expected) => {
    expect(Buffer.from(decodeBase64(text) ?? "refused").toString()).toBe(expected);
  });

  it.each([
    ["a character outside the alphabet", "Zm9v!"],
    ["white space", "Zm 9v"],
    ["a line end", "Zm9v\n"],
    ["padding in the middle", "Zg==Zg=="],
    ["too much padding", "Zm9v="],
    ["half the padding", "Zg="],
    ["bits that are not there", "Zh=="],
    ["one lone character", "Z"],
    ["both alphabets at once", "w7/D_w=="],
    ["a number", 5],
    ["nothing", undefined],
  ])("refuses %s", (_, value) => {
    expect(decodeBase64(value)).toBeNull();
  });
});
