import { describe, expect, test } from "vitest";
import { giveBack, handOver, isHandedOver } from "../src/give-back.ts";
import { createChunkWindow } from "../src/registry/chunk-window.ts";
import { blob, collect, patterned } from "./registry/blob-fixture.ts";
import { openStore } from "./registry/open-store.ts";

const signal = new AbortController().signal;

async function* giving(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

describe("the memory of a piece", () => {
  test("is freed when it is given back, unless it is a part of something larger", () => {
    const whole = patterned(1000);
    const part = whole.subarray(0, 999);
    giveBack(part);
    expect(whole).toHaveLength(1000);
    giveBack(whole);
    expect([whole.length, part.length]).toEqual([0, 0]);
  });

  test("is given back by a chunked upload once it was taken over, if the source has handed it over", async () => {
    for (const handed of [true, false]) {
      const pieces = [patterned(700), patterned(700), patterned(700)];
      const source = handed ? handOver(giving(pieces)) : giving(pieces);
      const window = createChunkWindow(source, 1024);
      const taken: Uint8Array[] = [];
      for (let held = await window.fill(); held.length > 0; held = await window.fill()) {
        taken.push(Uint8Array.from(held));
        window.drop(held.length);
      }
      expect(Buffer.concat(taken)).toEqual(Buffer.concat(Array(3).fill(patterned(700))));
      expect(pieces.map(({ length }) => length)).toEqual(Array(3).fill(handed ? 0 : 700));
    }
  });

  test("belongs to whoever reads a blob of a registry", async () => {
    await using opened = await openStore();
    const bytes = patterned(300_000);
    await opened.store.putBlob(blob(bytes), bytes, { signal });
    const stream = opened.store.openBlob(blob(bytes), { signal });
    expect(isHandedOver(stream)).toBe(true);
    expect(await collect(stream)).toEqual(bytes);
  });
});
