import { generateKeyPairSync } from "node:crypto";
import { digestOf } from "@floe/core/model";
import { beforeAll, describe, expect, it } from "vitest";
import {
  COSIGN_SIGN_PREDICATE_TYPE,
  createKeySigner,
  createVerifier,
  publicKeyPem,
  writeStatement,
} from "../../src/index.ts";
import type { Candidate } from "../../src/verify/candidate.ts";
import { judge } from "../../src/verify/judge.ts";
import { createRequirementReader } from "../../src/verify/requirement.ts";
import { createKeyReader } from "../../src/verify/trusted-keys.ts";
import { call } from "../store-artifact.ts";

const SPDX = "https://spdx.dev/Document";
const DIGEST = digestOf("artifact");
const pairs = [0, 1, 2].map(() => generateKeyPairSync("ec", { namedCurve: "P-256" }));
const keys = pairs.slice(0, 2).map(({ publicKey }, index) => ({
  name: `key-${index}`,
  publicKey: publicKeyPem(publicKey),
  retiredAt: null,
}));

async function bundle(by: number, type: string, subject = DIGEST): Promise<Candidate> {
  const privateKey = pairs[by]?.privateKey;
  if (!privateKey) throw new Error("there is no such key");
  const statement = writeStatement({ subject, predicateType: type });
  const bytes = await createKeySigner({ privateKey }).sign(statement, call);
  return { kind: "bundle", referrer: digestOf(bytes), claims: type, bundle: bytes };
}

const requirements = createRequirementReader()(
  {
    enforcement: "enforce",
    keys,
    trustedIssuers: [],
    require: [{ type: "signature", signers: null, threshold: 2 }],
    requireRekor: true,
    requireSbom: true,
    requirePromotionFrom: null,
    gracePeriodDays: 0,
    formats: ["bundle"],
  },
  new Date("2026-03-10"),
);

function statuses(candidates: readonly Candidate[]): string[] {
  return judge(requirements, candidates, {
    digest: DIGEST,
    verifier: createVerifier(),
    simpleSigning: createKeyReader(),
    omitted: 0,
    trouble: null,
  }).map(({ type, status, code }) => `${type} ${code ?? status}`);
}

function permutations<T>(items: readonly T[]): T[][] {
  return items.length === 0
    ? [[]]
    : items.flatMap((item, index) =>
        permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]),
      );
}

describe("judge", () => {
  let good: Candidate[];
  let bad: Candidate[];

  beforeAll(async () => {
    const sign = COSIGN_SIGN_PREDICATE_TYPE;
    good = [await bundle(0, sign), await bundle(1, sign), await bundle(0, SPDX)];
    const referrer = digestOf("junk");
    bad = [
      await bundle(2, sign),
      await bundle(2, SPDX),
      await bundle(0, sign, digestOf("another artifact")),
      await bundle(0, "https://floe.dev/attestation/promotion/v1"),
      { kind: "bundle", referrer, claims: sign, bundle: Buffer.from("{") },
      { kind: "refused", referrer, claims: null, code: "LIMIT_EXCEEDED", reason: "too large" },
      { kind: "plain", referrer, artifactType: "application/spdx+json" },
      { kind: "unread", referrer, claims: sign, reason: "503" },
    ];
  });

  it("comes to the same whatever the order of what is attached", () => {
    const all = [...good, ...bad.slice(0, 3)];
    for (const order of permutations(all))
      expect(statuses(order)).toEqual(["signature satisfied", "sbom satisfied"]);
  });

  it("is never kept from a good one by bad ones, nor moved to accept by them", () => {
    for (const one of bad)
      expect(statuses([one, ...bad, ...good])).toEqual(["signature satisfied", "sbom satisfied"]);
    const refusals = bad.filter(({ kind }) => kind !== "unread");
    expect(statuses(refusals)).toEqual(["signature NONE_ACCEPTED", "sbom NONE_ACCEPTED"]);
  });

  it("cannot tell while something is unread that may be what is missing", () => {
    expect(statuses(bad)).toEqual(["signature REFERRERS_UNAVAILABLE", "sbom NONE_ACCEPTED"]);
    expect(statuses(good.slice(1))).toEqual(["signature THRESHOLD_NOT_MET", "sbom satisfied"]);
    expect(statuses([...good.slice(1), ...bad])).toEqual([
      "signature REFERRERS_UNAVAILABLE",
      "sbom satisfied",
    ]);
  });

  it("tells nothing attached from something refused", () => {
    expect(statuses([])).toEqual(["signature NO_SIGNATURE", "sbom NO_ATTESTATION_OF_TYPE"]);
  });
});
