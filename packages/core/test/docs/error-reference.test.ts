import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ERRORS, EXIT } from "../../src/errors/index.ts";

const read = (name: string): string =>
  readFileSync(new URL(`../../../../docs/reference/${name}`, import.meta.url), "utf8");

describe("docs/reference/errors.md", () => {
  const rows = [...read("errors.md").matchAll(/^\| `(FLOE_\w+)` \| (\d+) \| (.+?) \| (.+?) \|$/gm)];

  test("has a row with exit code and meaning for every error, and no other", () => {
    const documented = rows.map(([, code, exit, summary]) => [
      code,
      { exit: Number(exit), summary },
    ]);
    expect(Object.fromEntries(documented)).toEqual(ERRORS);
    expect(rows.map(([, code]) => code)).toHaveLength(Object.keys(ERRORS).length);
  });

  test("says for every error what to do", () => {
    for (const [, code, , , advice] of rows) expect(advice, code).toMatch(/^\S.{8,}[.…]$/);
  });
});

describe("docs/reference/exit-codes.md", () => {
  test("has a row for every exit code, in order, and no other", () => {
    const codes = [...read("exit-codes.md").matchAll(/^\| (\d+) \| /gm)].map(([, code]) =>
      Number(code),
    );
    expect(codes).toEqual(Object.values(EXIT));
  });
});
