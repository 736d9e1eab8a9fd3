import { describe, expect, test } from "vitest";
import { byFloe, byVerifier, essence, vectorFile, vectors, verdictsOf } from "./vectors.ts";

describe("the published vectors", () => {
  test("are at least twenty tampered ones and a good one, and no private key is among them", () => {
    const good = vectors.filter(({ expect: { integrity } }) => integrity?.verdict === "ok");
    expect(good.length).toBeGreaterThan(0);
    expect(vectors.length).toBeGreaterThan(20);
    for (const { name } of vectors)
      expect(vectorFile(`${name}.ndjson`).toString()).not.toContain("PRIVATE KEY");
  });

  test.each(vectors)("$name: $tampering", async ({ name, checkpoint, expect: wanted }) => {
    const bytes = vectorFile(`${name}.ndjson`);
    const verifier = byVerifier(bytes, { checkpoint });
    const floe = await byFloe(bytes, { checkpoint });
    expect(verdictsOf(verifier)).toEqual(wanted);
    expect(verdictsOf(floe)).toEqual(wanted);
    expect(essence(verifier)).toEqual(essence(floe));
  });

  test.each(vectors)(
    "$name: both say the same without keys, and with one of two",
    async ({ name }) => {
      const bytes = vectorFile(`${name}.ndjson`);
      for (const trusted of [[], ["release"], ["alice"]]) {
        const verifier = byVerifier(bytes, { trusted });
        expect(essence(verifier)).toEqual(essence(await byFloe(bytes, { trusted })));
        if (trusted.length > 0) continue;
        for (const question of ["authenticity", "anchoring"] as const)
          expect(verifier[0]?.verdicts[question].verdict).not.toBe("ok");
      }
    },
  );
});
