import { describe, expect, test } from "vitest";
import { parseNextLink } from "../../src/registry/read-pages.ts";

describe("parseNextLink", () => {
  test.for<[string | undefined, string | null]>([
    [undefined, null],
    ['</a?n=1&last=x>; rel="next"', "/a?n=1&last=x"],
    ["</a>; rel=next", "/a"],
    ["</a>;rel=nextish", null],
    ['</a>; title="x"; REL="prev next"', "/a"],
    ['</prev>; rel="prev", </next>; rel="next"', "/next"],
    ['</a>; rel="prev"', null],
    ["</a>", null],
    ["</a; rel=next", null],
    ["><", null],
  ])("%j: %j", ([header, expected]) => {
    expect(parseNextLink(header)).toBe(expected);
  });

  test("long headers are read in linear time", () => {
    for (const piece of ["<", ">", "<>", "; rel=", '"', '<>; rel=" ']) {
      expect(parseNextLink(piece.repeat(20_000))).toBeNull();
    }
  });
});
