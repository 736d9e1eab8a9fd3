import fc from "fast-check";
import { expect, test } from "vitest";
import { createChunkWindow } from "../../src/registry/chunk-window.ts";
import { patterned } from "./blob-fixture.ts";

test("whatever the pieces, the window shows the source in order, whatever part of it is let go of", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(40), { maxLength: 30 }),
      fc.integer({ min: 1, max: 64 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 64 })),
      async (sizes, capacity, drops) => {
        const whole = patterned(sizes.reduce((sum, size) => sum + size, 0));
        const source = async function* () {
          let at = 0;
          for (const size of sizes) {
            yield whole.subarray(at, at + size);
            at += size;
          }
        };
        const window = createChunkWindow(source(), capacity);
        let at = 0;
        for (const drop of drops) {
          const held = await window.fill();
          expect(Buffer.compare(held, whole.subarray(at, at + capacity))).toBe(0);
          if (held.length === 0) break;
          const count = Math.min(drop, held.length);
          window.drop(count);
          at += count;
        }
        expect(at).toBe(whole.length);
        await window.close();
      },
    ),
  );
});
