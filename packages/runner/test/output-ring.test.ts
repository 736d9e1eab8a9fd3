import { expect, test } from "vitest";
import { HEAD_CHARACTERS, OutputRing, TAIL_CHARACTERS } from "../src/output-ring.ts";

function ringOf(text: string, piece: number): OutputRing {
  const ring = new OutputRing();
  for (let at = 0; at < text.length; at += piece) ring.append(text.slice(at, at + piece));
  return ring;
}

test.each([1000, 65_537, 10_000_000])(
  "gives back all of a text that fits, in pieces of %i characters",
  (piece) => {
    const text = "0123456789".repeat((HEAD_CHARACTERS + TAIL_CHARACTERS) / 10);

    const ring = ringOf(text, piece);

    expect(ring.truncated).toBe(false);
    expect(ring.text()).toBe(text);
  },
);

test.each([1000, 65_537, 10_000_000])(
  "keeps the first and last part of a longer text, in pieces of %i characters",
  (piece) => {
    const size = HEAD_CHARACTERS + TAIL_CHARACTERS + 123_456;
    const text = "0123456789".repeat(size / 10 + 1).slice(0, size);

    const ring = ringOf(text, piece);

    expect(ring.truncated).toBe(true);
    expect(ring.text()).toBe(
      `${text.slice(0, HEAD_CHARACTERS)}\n[... 123456 characters left out ...]\n${text.slice(-TAIL_CHARACTERS)}`,
    );
  },
);

test("does not leave half a character at the cut", () => {
  const text = `a${"😀".repeat(HEAD_CHARACTERS + TAIL_CHARACTERS)}`;

  expect(ringOf(text, 4096).text().isWellFormed()).toBe(true);
});
