import { describe, expect, test } from "vitest";
import { durationSchema, sizeSchema } from "../src/quantity.ts";

describe("durations", () => {
  test.for([
    ["90s", 90_000],
    ["10m", 600_000],
    ["24h", 86_400_000],
    ["30d", 2_592_000_000],
    ["2w", 1_209_600_000],
  ] as const)("%s has %d milliseconds", ([text, milliseconds]) => {
    expect(durationSchema.parse(text)).toEqual({ text, milliseconds });
  });

  test.for(["", "30", "d", "0d", "-1d", "1.5d", "30 d", "1y", "30d\n", "9999999999d"])(
    "%j is no duration",
    (text) => {
      expect(durationSchema.safeParse(text).success).toBe(false);
    },
  );
});

describe("sizes", () => {
  test.for([
    [1024, 1024],
    ["1024", 1024],
    ["1 B", 1],
    ["500MB", 500_000_000],
    ["1.5GiB", 1_610_612_736],
    ["2 KiB", 2048],
  ] as const)("%s has %d bytes", ([text, bytes]) => {
    expect(sizeSchema.parse(text).bytes).toBe(bytes);
  });

  test.for(["", "MB", "0", 0, -1, 1.5, "1TB", "1iB", "1mb", "1e9", null])(
    "%j is no size",
    (value) => {
      expect(sizeSchema.safeParse(value).success).toBe(false);
    },
  );
});
