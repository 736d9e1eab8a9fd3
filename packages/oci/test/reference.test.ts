import { isFloeError } from "@floe/core/errors";
import { digestOf } from "@floe/core/model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatReference, parseReference, type Reference } from "../src/index.ts";

const DIGEST = digestOf("x");

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
const host = fc
  .tuple(
    fc.oneof(
      fc.array(label, { minLength: 2, maxLength: 4 }).map((parts) => parts.join(".")),
      fc.ipV4(),
      fc.constant("localhost"),
      fc.constant("[::1]"),
    ),
    fc.option(fc.integer({ min: 1, max: 65_535 })),
  )
  .map(([name, port]) => (port === null ? name : `${name}:${port}`));
const component = fc.stringMatching(/^[a-z0-9]{1,6}((\.|_|__|-{1,3})[a-z0-9]{1,5}){0,2}$/);
const repository = fc.array(component, { minLength: 1, maxLength: 4 }).map((all) => all.join("/"));
const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,30}$/);
const digest = fc.string().map((text) => digestOf(text));

const reference: fc.Arbitrary<Reference> = fc.oneof(
  fc.record({
    kind: fc.constant("registry" as const),
    host,
    repository,
    tag: fc.option(tag),
    digest: fc.option(digest),
  }),
  fc
    .tuple(
      fc.stringMatching(/^[./\\A-Za-z0-9 _-]{1,20}$/),
      fc.oneof(
        fc.record({ tag, digest: fc.constant(null) }),
        fc.record({ tag: fc.constant(null), digest: fc.option(digest) }),
      ),
    )
    .chain(([path, version]) =>
      fc
        .constantFrom("layout" as const, "archive" as const)
        .map((kind) => ({ kind, path, ...version })),
    ),
  tag.map((value) => ({ kind: "tag" as const, tag: value })),
  digest.map((value) => ({ kind: "digest" as const, digest: value })),
);

function refusal(text: string): string {
  try {
    parseReference(text);
  } catch (error) {
    if (isFloeError(error, "FLOE_REFERENCE_INVALID")) return error.message;
    throw error;
  }
  throw new Error(`${text} was taken`);
}

describe("parseReference", () => {
  test("what was formatted is parsed to the same", () => {
    fc.assert(
      fc.property(reference, (one) => {
        expect(parseReference(formatReference(one))).toEqual(one);
      }),
    );
  });

  test("whatever the text is, it is parsed or refused with the one code", () => {
    const pieces = fc.constantFrom(
      "oci://",
      "oci-layout:",
      "oci-archive:",
      "/",
      ":",
      "@",
      "sha256:",
      "..",
      "a",
      "Z",
      "[",
      "]",
      "\n",
      "é",
      DIGEST,
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(pieces).map((all) => all.join("")),
    );
    fc.assert(
      fc.property(text, (one) => {
        try {
          const parsed = parseReference(one);
          expect(parseReference(formatReference(parsed))).toEqual(parsed);
        } catch (error) {
          expect(isFloeError(error, "FLOE_REFERENCE_INVALID")).toBe(true);
        }
      }),
    );
  });

  test.for<[string, Partial<Reference>]>([
    ["v1.2.3", { kind: "tag", tag: "v1.2.3" }],
    [DIGEST, { kind: "digest", digest: DIGEST }],
    ["ghcr.io/acme/app", { host: "ghcr.io", repository: "acme/app", tag: null, digest: null }],
    [
      `oci://Reg:5000/a:v1@${DIGEST}`,
      { host: "reg:5000", repository: "a", tag: "v1", digest: DIGEST },
    ],
    ["localhost/app:v1", { host: "localhost", repository: "app", tag: "v1" }],
    ["oci://registry/app", { host: "registry", repository: "app" }],
    ["oci-layout:./a:b/c", { kind: "layout", path: "./a:b/c", tag: null }],
    ["oci-layout:C:\\reg:v1", { kind: "layout", path: "C:\\reg", tag: "v1" }],
    ["oci-archive:out/app.tar:v1", { kind: "archive", path: "out/app.tar", tag: "v1" }],
    [`oci-layout:/a@b@${DIGEST}`, { kind: "layout", path: "/a@b", digest: DIGEST }],
  ])("%s", ([text, expected]) => {
    expect(parseReference(text)).toMatchObject(expected);
  });

  test.for([
    "",
    "acme/app:v1",
    "app:v1",
    "https://ghcr.io/acme/app",
    "oci://ghcr.io",
    "oci://ghcr.io/",
    "ghcr.io/Acme/app",
    "ghcr.io/acme//app",
    "ghcr.io/acme/app:",
    "ghcr.io/acme/app@sha256:abc",
    "ghcr.io/acme/app@sha256:ABC",
    "ghcr.io:0/app",
    "ghcr.io:70000/app",
    "ghcr.io/app\n",
    "v1\n",
    "oci-layout:",
    "oci-layout:a\0b",
    "oci-layout:a@sha256:abc",
    `oci-layout:a:v1@${DIGEST}`,
    `ghcr.io/${"a".repeat(300)}`,
  ])("%j is refused", (text) => {
    expect(refusal(text)).not.toBe("");
  });

  test("a password in a reference is refused and not repeated", () => {
    for (const text of [
      "me:hunter2@ghcr.io/acme/app",
      "oci://me:hunter2@ghcr.io/app",
      "https://me:hunter2@ghcr.io/a",
    ]) {
      expect(refusal(text)).not.toContain("hunter2");
    }
  });
});
