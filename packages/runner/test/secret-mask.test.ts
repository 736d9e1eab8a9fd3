import { describe, expect, test } from "vitest";
import { createSecretMask } from "../src/secret-mask.ts";

const SECRET = 'p"ss/w0rd+ü z';

function inPieces(mask: ReturnType<typeof createSecretMask>, pieces: readonly string[]): string {
  const stream = mask.stream();
  return pieces.map((piece) => stream.push(piece)).join("") + stream.end();
}

describe("a secret is masked", () => {
  const base64 = (text: string) => Buffer.from(text).toString("base64");

  test.each<[string, string]>([
    ["as it is", SECRET],
    ["in JSON", JSON.stringify({ a: SECRET })],
    ["in JSON with ASCII only", '{"a":"p\\"ss/w0rd+\\u00fc z"}'],
    ["in JSON with escaped slashes", '{"a":"p\\"ss\\/w0rd+ü z"}'],
    ["encoded as part of a URL", `https://x/?q=${encodeURIComponent(SECRET)}`],
    [
      "encoded with small hexadecimal digits",
      encodeURIComponent(SECRET).replace(/%../g, (c) => c.toLowerCase()),
    ],
    ["encoded as a form", new URLSearchParams({ q: SECRET }).toString()],
    ["in base64", base64(SECRET)],
    ["in base64url", Buffer.from(SECRET).toString("base64url")],
    ["in base64 behind one other byte", base64(`:${SECRET}`)],
    ["in base64 behind two other bytes", base64(`me${SECRET}`)],
    ["in base64 between other text", base64(`user:${SECRET}:and more`)],
  ])("%s", (_where, text) => {
    const masked = createSecretMask([SECRET]).text(text);

    expect(masked).toContain("***");
    const decoded = Buffer.from(masked.replaceAll("***", ""), "base64").toString();
    for (const part of ["w0rd", encodeURIComponent("ü"), "\\u00fc"]) {
      expect(masked + decoded).not.toContain(part);
    }
  });

  test("when it comes from a file that ends in a newline", () => {
    expect(createSecretMask(["abcdef\n"]).text("x abcdef y")).toBe("x *** y");
  });

  test("line by line when it has several lines", () => {
    const mask = createSecretMask(["first-line\nsecond-line\n"]);

    expect(mask.text("  first-line\n  second-line\n")).toBe("  ***\n  ***\n");
  });

  test("together with another that overlaps it", () => {
    expect(createSecretMask(["abcdefg", "efghijk"]).text("<abcdefghijk>")).toBe("<***>");
  });

  test("unless it is shorter than six characters", () => {
    expect(createSecretMask(["abcde", ""]).text("abcde")).toBe("abcde");
  });
});

describe("a well-known token is masked", () => {
  const jwt = `eyJ${"a".repeat(20)}.eyJ${"b".repeat(30)}.${"c".repeat(43)}`;

  test.each<[string, string, string]>([
    ["of GitHub", `ghp_${"a1B2".repeat(9)}`, "***"],
    ["of GitHub, fine-grained", `github_pat_${"a1B2_".repeat(9)}`, "***"],
    ["of GitLab", "glpat-abcdefghij0123456789", "***"],
    ["of AWS", "AKIAIOSFODNN7EXAMPLE", "***"],
    ["that is a JSON web token", jwt, "***"],
    ["in a URL", "https://me:s3cret@host/x", "https://me:***@host/x"],
    ["in a URL, with an @ in the password", "https://me:s3@ret@host/x", "https://me:***@host/x"],
    ["in a URL without a user", "redis://:s3cret@host", "redis://:***@host"],
  ])("%s", (_kind, token, masked) => {
    expect(createSecretMask([]).text(`a ${token} b`)).toBe(`a ${masked} b`);
  });

  test.each(["https://host:8080/a@b", "AKIA in a sentence", "eyJ.x.y", "a:b@c", "ghp_short"])(
    "but not %s",
    (text) => {
      expect(createSecretMask([]).text(text)).toBe(text);
    },
  );
});

describe("a text in pieces is masked like the whole", () => {
  const text = `one hunter2-hunter2 two\nhttps://me:s3cret@host/ ghp_${"a1B2".repeat(9)} hunter2-hunter end hunter2-hunter2`;
  const mask = createSecretMask(["hunter2-hunter2", "nter2 two"]);
  const whole = mask.text(text);

  test("wherever it is split in two", () => {
    for (let at = 0; at <= text.length; at++) {
      expect(inPieces(mask, [text.slice(0, at), text.slice(at)])).toBe(whole);
    }
  });

  test.each([1, 2, 3, 7])("in pieces of %i characters", (size) => {
    const pieces = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];

    expect(inPieces(mask, pieces)).toBe(whole);
  });

  test("and text that cannot become a secret is not held back", () => {
    const stream = mask.stream();

    expect(stream.push("waiting for the server")).toBe("waiting for the server");
    expect(stream.push(".....")).toBe(".....");
    expect(stream.push("hunt")).toBe("");
    expect(stream.push("ing\n")).toBe("hunting\n");
  });

  test("and a token without end is masked in bounded memory", () => {
    const stream = createSecretMask([]).stream();
    let shown = stream.push(`x eyJ${"a".repeat(20)}.${"b".repeat(100)}.`);
    for (let n = 0; n < 100; n++) shown += stream.push("c".repeat(10_000));
    shown += stream.push(" y");

    expect(shown + stream.end()).toBe("x *** y");
  });

  test("and a secret that repeats itself is masked in bounded memory", () => {
    const stream = createSecretMask(["aaaaaaaa"]).stream();
    let shown = "";
    for (let n = 0; n < 100; n++) shown += stream.push("a".repeat(10_000));

    expect((shown + stream.end()).replaceAll("***", "").length).toBeLessThan(1000);
    expect(shown.length).toBeGreaterThan(0);
  });
});

describe("a file is masked", () => {
  const mask = createSecretMask(["hunter2-ü"]);

  test("and stays the very same bytes where nothing is found", () => {
    const bytes = Uint8Array.from([0xff, 0x00, 0xc3, 0x28, 0x80]);

    expect(mask.bytes(bytes)).toBe(bytes);
  });

  test("in UTF-8, with all other bytes kept, valid or not", () => {
    const bytes = Buffer.concat([Buffer.from([0xff, 0x80]), Buffer.from("<hunter2-ü>")]);

    expect(Buffer.from(mask.bytes(bytes)).toString("hex")).toBe(
      Buffer.concat([Buffer.from([0xff, 0x80]), Buffer.from("<***>")]).toString("hex"),
    );
  });

  test("in UTF-16 of both byte orders", () => {
    const little = Buffer.from("\ufeff<hunter2-ü>", "utf16le");

    expect(Buffer.from(mask.bytes(little)).toString("utf16le")).toBe("\ufeff<***>");
    expect(
      Buffer.from(mask.bytes(Buffer.from(little).swap16()))
        .swap16()
        .toString("utf16le"),
    ).toBe("\ufeff<***>");
  });
});
