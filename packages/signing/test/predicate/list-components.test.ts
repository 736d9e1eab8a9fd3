import { describe, expect, test } from "vitest";
import { listComponents } from "../../src/predicate/list-components.ts";

describe("what an SBOM lists", () => {
  test("is known by its package URL without version, else by its name: CycloneDX, with components in components", () => {
    const document = {
      bomFormat: "CycloneDX",
      specVersion: "1.6",
      components: [
        {
          name: "core",
          group: "@babel",
          version: "7.1.0",
          purl: "pkg:npm/%40babel/core@7.1.0?vcs=x#y",
          components: [{ name: "inner", group: "acme" }],
        },
        { name: "libc6", purl: "pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64" },
        { name: 5 },
      ],
    };
    expect(listComponents(document)).toEqual([
      { key: "pkg:npm/%40babel/core", version: "7.1.0" },
      { key: "acme/inner", version: null },
      { key: "pkg:deb/debian/libc6", version: "2.36-9+deb12u4" },
    ]);
  });

  test("is the same in SPDX 2 and SPDX 3", () => {
    const purl = "pkg:npm/left-pad@1.3.0";
    const externalRefs = [
      { referenceType: "cpe23Type", referenceLocator: "cpe:2.3:a" },
      { referenceType: "purl", referenceLocator: purl },
    ];
    const spdx2 = {
      spdxVersion: "SPDX-2.3",
      packages: [{ name: "left-pad", versionInfo: "1.3.0", externalRefs }, { name: "app" }],
    };
    const type = "software_Package";
    const spdx3 = {
      "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
      "@graph": [
        { type: "SpdxDocument", name: "d" },
        { type, name: "left-pad", software_packageUrl: purl, software_packageVersion: "1.3.0" },
        { type, name: "app" },
      ],
    };
    const listed = [
      { key: "pkg:npm/left-pad", version: "1.3.0" },
      { key: "app", version: null },
    ];
    expect(listComponents(spdx2)).toEqual(listed);
    expect(listComponents(spdx3)).toEqual(listed);
  });

  test("is not known of anything else, nor where components are in one another without end", () => {
    for (const document of [null, 5, [], {}, { bomFormat: "other" }])
      expect(listComponents(document)).toBeNull();
    let nested: Record<string, unknown> = { name: "a" };
    for (let depth = 0; depth < 5000; depth += 1) nested = { name: "a", components: [nested] };
    expect(listComponents({ bomFormat: "CycloneDX", components: [nested] })).toBeNull();
  });
});
