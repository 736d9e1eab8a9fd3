import { describe, expect, test } from "vitest";
import {
  MAX_PREDICATE_BYTES,
  parsePredicate,
  parsePredicateType,
  parseSbom,
} from "../../src/index.ts";

const now = new Date("2026-01-02T03:04:05.678Z");
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const SPDX = { spdxVersion: "SPDX-2.3", name: "app", packages: [{ name: "a" }, { name: "b" }] };
const CYCLONEDX = {
  bomFormat: "CycloneDX",
  specVersion: "1.6",
  metadata: { component: { name: "app" } },
  components: [{ name: "a" }],
};

function predicateOf(type: string, document: unknown) {
  const text = typeof document === "string" ? document : JSON.stringify(document);
  const predicateType = parsePredicateType(type);
  return parsePredicate({ bytes: bytesOf(text), predicateType, name: "p.json", now });
}

function textOf({ json }: { readonly json: Uint8Array }): string {
  return new TextDecoder().decode(json);
}

describe("a predicate type", () => {
  test.for([
    ["spdxjson", "https://spdx.dev/Document"],
    ["spdx", "https://spdx.dev/Document"],
    ["cyclonedx", "https://cyclonedx.org/bom"],
    ["slsaprovenance", "https://slsa.dev/provenance/v0.2"],
    ["slsaprovenance1", "https://slsa.dev/provenance/v1"],
    ["vuln", "https://cosign.sigstore.dev/attestation/vuln/v1"],
    ["link", "https://in-toto.io/Link/v1"],
    ["custom", "https://cosign.sigstore.dev/attestation/v1"],
    ["https://Acme.example/Review/v1?x#y", "https://Acme.example/Review/v1?x#y"],
    ["urn:acme:review", "urn:acme:review"],
  ] as const)("%s is %s", ([name, uri]) => {
    expect(parsePredicateType(name)).toBe(uri);
  });

  test.for([
    "spdx-json",
    "",
    "constructor",
    "https://a b",
    "https://a/\n",
    `https://a/${"x".repeat(600)}`,
  ])("%j is refused, and the names that there are are said", (text) => {
    expect(() => parsePredicateType(text)).toThrow(
      expect.objectContaining({
        code: "FLOE_USAGE_INVALID",
        hint: expect.stringContaining("slsaprovenance1"),
      }),
    );
  });

  test.for([
    ["https://floe.dev/attestation/promotion/v1", "floe promote"],
    ["https://floe.dev/attestation/rollback/v1", "floe rollback"],
    ["https://floe.dev/attestation/anything", "a type of your own"],
    ["https://FLOE.dev/attestation/promotion/v1", "floe promote"],
    ["https://floe.dev/%61ttestation/promotion/v1", "a type of your own"],
    ["https://floe.dev/x/../attestation/event/v1", "platform command"],
    ["https://sigstore.dev/cosign/sign/v1", "floe artifact sign"],
  ] as const)("%s is made by another command, which the hint names", ([uri, command]) => {
    expect(() => parsePredicateType(uri)).toThrow(
      expect.objectContaining({
        code: "FLOE_PREDICATE_TYPE_RESERVED",
        hint: expect.stringContaining(command),
      }),
    );
  });
});

describe("a predicate", () => {
  test("keeps every token of the file; only white space goes", () => {
    const text =
      '\uFEFF{ "n": 12345678901234567890,\r\n\t"f": 1.0e0, "s": "a \\" \\\\ b\\u0020 {",  "d": 1, "d": 2, "__proto__": [ ] }\n';
    expect(textOf(predicateOf("https://acme.example/x", text))).toBe(
      '{"n":12345678901234567890,"f":1.0e0,"s":"a \\" \\\\ b\\u0020 {","d":1,"d":2,"__proto__":[]}',
    );
  });

  test("of the type custom is any text, wrapped as cosign wraps it", () => {
    expect(JSON.parse(textOf(predicateOf("custom", "plain text\n")))).toEqual({
      Data: "plain text\n",
      Timestamp: "2026-01-02T03:04:05Z",
    });
  });

  test("of the type spdx may be tag-value, which is signed as text", () => {
    const text = "SPDXVersion: SPDX-2.3\nDocumentName: app\n";
    expect(JSON.parse(textOf(predicateOf("spdx", text)))).toBe(text);
    expect(predicateOf("spdx", SPDX).sbom).toMatchObject({ format: "SPDX", version: "2.3" });
  });

  const link = { _type: "link", name: "x", materials: {}, products: {} };
  test.for([
    ["slsaprovenance1", { buildDefinition: {}, runDetails: {} }],
    ["slsaprovenance", { builder: { id: "b" }, buildType: "t" }],
    ["vuln", { scanner: {}, metadata: {} }],
    ["openvex", { "@context": "https://openvex.dev/ns/v0.2.0", statements: [] }],
    ["link", link],
    ["https://acme.example/sboms", CYCLONEDX],
  ] as const)("of the type %s is taken when it looks like one", ([type, document]) => {
    expect(JSON.parse(textOf(predicateOf(type, document)))).toEqual(document);
  });

  const statement = { _type: "https://in-toto.io/Statement/v1", subject: [], predicate: {} };
  test.for([
    ["spdxjson", CYCLONEDX, /is CycloneDX 1\.6/, "--type cyclonedx"],
    ["cyclonedx", SPDX, /is SPDX 2\.3/, "--type spdxjson"],
    ["slsaprovenance1", SPDX, /is SPDX 2\.3/, "floe artifact sbom"],
    ["spdxjson", { packages: [] }, /no SPDX JSON/, "spdxVersion"],
    ["cyclonedx", "<bom/>", /not JSON/, "cyclonedx convert"],
    ["slsaprovenance1", { builder: {}, buildType: "t" }, /no buildDefinition/, "another --type"],
    ["vuln", { SchemaVersion: 2, Results: [] }, /cosign's form/, "--format cosign-vuln"],
    ["https://acme.example/x", statement, /whole in-toto statement/, "jq .predicate"],
    ["https://acme.example/x", { payloadType: "t", signatures: [] }, /signed already/, "itself"],
    ["https://acme.example/x", { dsseEnvelope: {} }, /signed already/, "itself"],
    ["https://acme.example/x", "[]", /JSON object/, "--type custom"],
    ["https://acme.example/x", "{", /not JSON/, "--type custom"],
  ] as const)(
    "of the type %s that is something else is refused: %j",
    ([type, document, message, hint]) => {
      expect(() => predicateOf(type, document)).toThrow(
        expect.objectContaining({
          code: "FLOE_PREDICATE_INVALID",
          message: expect.stringMatching(message),
          hint: expect.stringContaining(hint),
        }),
      );
    },
  );

  test("that is too large or no text is refused", () => {
    const predicateType = "https://acme.example/x";
    for (const bytes of [new Uint8Array(MAX_PREDICATE_BYTES + 1), Uint8Array.of(0x7b, 0xff, 0x7d)])
      expect(() => parsePredicate({ bytes, predicateType, name: "p", now })).toThrow(
        expect.objectContaining({ code: "FLOE_PREDICATE_INVALID" }),
      );
  });
});

describe("an SBOM", () => {
  const spdx3 = {
    "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
    "@graph": [
      { type: "SpdxDocument", name: "app" },
      { type: "software_Package", name: "a" },
    ],
  };
  test.for([
    [SPDX, { format: "SPDX", version: "2.3", name: "app", components: 2 }],
    [spdx3, { format: "SPDX", version: "3.0.1", name: "app", components: 1 }],
    [CYCLONEDX, { format: "CycloneDX", version: "1.6", name: "app", components: 1 }],
  ] as const)("is recognised by its own marks: %#", ([document, expected]) => {
    const found = parseSbom({ bytes: bytesOf(JSON.stringify(document)), name: "s", now });
    expect(found.sbom).toMatchObject(expected);
    expect(found.predicateType).toBe(found.sbom.predicateType);
  });

  test.for([
    ["<bom/>", "cyclonedx convert"],
    ["SPDXVersion: SPDX-2.3\n", "--type spdx"],
    ['{"artifacts":[]}', "spdxVersion"],
    ['{"spdxVersion":"SPDX-2.3\\nx"}', "spdxVersion"],
    ["", "spdxVersion"],
  ] as const)("that is not one is refused with what to do: %j", ([text, hint]) => {
    expect(() => parseSbom({ bytes: bytesOf(text), name: "s", now })).toThrow(
      expect.objectContaining({
        code: "FLOE_PREDICATE_INVALID",
        hint: expect.stringContaining(hint),
      }),
    );
  });
});
