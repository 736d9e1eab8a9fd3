import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createByteProgress } from "../../src/render/byte-progress.ts";

function aStream(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, written, write: (text: string) => written.push(text) };
}

beforeEach(() => {
  vi.stubEnv("CI", undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("byte progress", { concurrent: false }, () => {
  test("shows bytes on one line and takes it away", () => {
    const stream = aStream(true);
    const progress = createByteProgress(stream, { label: "pushing\u001b[31m" });
    progress.add(512, 1024);
    progress.done();
    progress.done();
    expect(stream.written).toEqual([
      "\r\u001b[K… pushing[31m: 512 B of 1.0 KiB 50 %",
      "\r\u001b[K",
    ]);
  });

  test("is not drawn again at once, however many pieces come", () => {
    const stream = aStream(true);
    const progress = createByteProgress(stream, { label: "pushing" });
    for (let count = 0; count < 1000; count += 1) progress.add(1);
    progress.done();
    expect(stream.written.length).toBeLessThan(100);
  });

  test("writes nothing without a terminal, in CI or when it should be quiet", () => {
    const pipe = aStream(false);
    const quiet = aStream(true);
    const ci = aStream(true);
    const shown = [
      createByteProgress(pipe, { label: "a" }),
      createByteProgress(quiet, { label: "a", quiet: true }),
    ];
    vi.stubEnv("CI", "true");
    for (const progress of [...shown, createByteProgress(ci, { label: "a" })]) {
      progress.add(1, 2);
      progress.done();
    }
    expect([pipe.written, quiet.written, ci.written]).toEqual([[], [], []]);
  });
});
