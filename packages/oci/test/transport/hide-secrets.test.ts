import { digestOf } from "@floe/core/model";
import { describe, expect, test } from "vitest";
import { hideSecrets, secretsInQuery } from "../../src/transport/hide-secrets.ts";

describe("hideSecrets", () => {
  test.for<[string, readonly string[], string]>([
    ["is hunter2, hunter2", ["hunter2"], "is ***, ***"],
    ["is a%2Fb%3D%3D and a/b==", ["a/b=="], "is *** and ***"],
    ["hunter2-long and hunter2", ["hunter2", "hunter2-long"], "*** and ***"],
    ["a tag abc", ["abc"], "a tag abc"],
    ["\ud800x is kept", ["\ud800xyz"], "\ud800x is kept"],
    ["nothing", [], "nothing"],
  ])("%j without %j is %j", ([text, secrets, expected]) => {
    expect(hideSecrets(text, secrets)).toBe(expected);
  });
});

test("what an address may have secret in its query is its long values, as they stand and decoded", () => {
  const digest = digestOf("x");
  const query = `n=1000&X-Amz-Signature=0123456789abcdef&sig=a%2fb%2Bcde%3d%3d&digest=${digest}&mount=${encodeURIComponent(digest)}&long-flag`;
  const found = secretsInQuery(new URL(`https://storage.example/blob?${query}`));
  expect(new Set(found)).toEqual(
    new Set(["0123456789abcdef", "a%2fb%2Bcde%3d%3d", "a/b+cde==", "long-flag"]),
  );
  expect(secretsInQuery(new URL("https://storage.example/blob"))).toEqual([]);
});
