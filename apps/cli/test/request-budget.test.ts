import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { REPOSITORY, type RegistryPlace, registryPlace } from "./crash/place.ts";

// Every request of a promotion, each with why it is made: key verification, five gates that do nothing, record, summary and
// ledger, on a machine that has nothing of the artifact in its cache. A list may get shorter.
const PLAN = [
  ["GET manifests/VERSION", "the artifact: its digest and its bytes"],
  ["GET manifests/floe-ledger.TARGET", "the beginning by which the ledger is known"],
  ["GET tags/list", "where the ledgers end, and whether the environment tag is there"],
  ["GET manifests/floe-ev.TARGET", "the newest event, which carries the state"],
  ["HEAD manifests/latest-TARGET", "what the environment runs"],
  ["GET referrers/ARTIFACT", "what is attached to the artifact"],
  ["GET manifests/DIGEST", "the signature's manifest"],
  ["GET blobs/DIGEST", "the signature"],
] as const;
const SOURCE = [
  ["HEAD manifests/VERSION-SOURCE", "the source environment holds this digest"],
  ["GET manifests/floe-ledger.SOURCE", "the beginning of the source's ledger"],
  ["GET manifests/floe-ev.SOURCE", "that the promotion there was committed"],
  ["GET manifests/DIGEST", "its record, with the signed bundle in it"],
] as const;
const CLAIM = [
  ["PUT manifests/floe-ev.TARGET", "the intent"],
  ["GET tags/list", "begun after the intent was acknowledged: no rival"],
] as const;
const COMMIT = [
  ["PUT manifests/floe-rec.OPERATION", "the record, before the commit"],
  ["GET tags/list", "the last look: lock, holds, denials, whose operation it is"],
  ["HEAD manifests/latest-TARGET", "the last look: what the environment runs"],
  ["HEAD manifests/VERSION-TARGET", "an environment tag is never overwritten"],
  ["PUT manifests/VERSION-TARGET", "the commit"],
  ["PUT manifests/floe-vsa.OPERATION", "the verification summary"],
  ["PUT manifests/latest-TARGET", "what the environment runs from now on"],
  ["HEAD manifests/latest-TARGET", "read back"],
  ["PUT manifests/floe-ev.TARGET", "the outcome"],
] as const;
const WHOLE = [
  ["POST blobs/uploads/ with the blob", "the signed record"],
  ["POST blobs/uploads/ with the blob", "the signed summary"],
] as const;
const IN_TWO = [
  ["POST blobs/uploads/ with the blob", "the signed record, which begins an upload"],
  ["PUT blobs/uploads/ID", "the signed record"],
  ["POST blobs/uploads/", "the signed summary"],
  ["PUT blobs/uploads/ID", "the signed summary"],
] as const;
const INDEX = [
  ["GET manifests/ARTIFACT-INDEX", "what is attached, where there is no API"],
  ["GET manifests/ARTIFACT-INDEX", "what others have added meanwhile"],
  ["PUT manifests/ARTIFACT-INDEX", "record and summary"],
  ["GET manifests/ARTIFACT-INDEX", "nobody has overwritten it"],
  ["GET manifests/ARTIFACT-INDEX", "nobody who was about to has overwritten it"],
] as const;

type Expected = readonly (readonly [request: string, why: string])[];
const TARGETS: readonly { to: string; from: string; also: Expected }[] = [
  { to: "dev", from: "none", also: [] },
  { to: "staging", from: "dev", also: SOURCE },
];
const REGISTRIES: readonly { name: string; referrers: boolean; also: Expected; most: number }[] = [
  { name: "with the referrers API", referrers: true, also: WHOLE, most: 25 },
  // As docker-registry 2.8: no referrers API, and a blob takes two requests.
  { name: "without the referrers API", referrers: false, also: [...IN_TWO, ...INDEX], most: 32 },
];

describe.each(REGISTRIES)("a promotion on a registry $name", ({ referrers, also, most }) => {
  test.each(TARGETS)(
    `into $to takes these requests, at most ${most}`,
    { timeout: 120_000 },
    async (target) => {
      await using place = await aPlace(referrers);
      for (const [version, to] of [
        ["v1.0.0", "dev"],
        ["v1.0.0", "staging"],
        ...(target.to === "dev" ? [] : [["v1.1.0", "dev"]]),
      ])
        await promoted(place, String(version), String(to));
      const made = await promoted(place, "v1.1.0", target.to);
      const names = { source: target.from, target: target.to };
      const expected = [...PLAN, ...target.also, ...CLAIM, ...COMMIT, ...also];
      expect(made.map((request) => named(request, names)).sort()).toEqual(
        expected.map(([request]) => request).sort(),
      );
      expect(made.length).toBeLessThanOrEqual(most);
    },
  );
});

// On top of these: a gate that had a report, and a scanner whose findings others read as well.
const REPORTED = ["the reports", "the signed evidence", "the signed findings of the scanner"];
const EVIDENCE = [
  ["PUT manifests/floe-evd.HASH", "the evidence, before the record that names it"],
  ["PUT manifests/floe-evd.HASH", "the findings"],
] as const;
const REPORTED_WHOLE = REPORTED.map((why) => ["POST blobs/uploads/ with the blob", why] as const);
const REPORTED_IN_TWO = REPORTED.flatMap((why) => [
  ["POST blobs/uploads/", why] as const,
  ["PUT blobs/uploads/ID", why] as const,
]);
const EVIDENCE_IN_INDEX = [
  ["GET manifests/ARTIFACT-INDEX", "what others have added meanwhile"],
  ["PUT manifests/ARTIFACT-INDEX", "evidence and findings, at once"],
  ["GET manifests/ARTIFACT-INDEX", "nobody has overwritten it"],
  ["GET manifests/ARTIFACT-INDEX", "nobody who was about to has overwritten it"],
] as const;

describe.each([
  [true, WHOLE, [...EVIDENCE, ...REPORTED_WHOLE]],
  [false, [...IN_TWO, ...INDEX], [...EVIDENCE, ...REPORTED_IN_TWO, ...EVIDENCE_IN_INDEX]],
] as const)(
  "evidence of a security scan, on a registry with the referrers API: %s",
  (referrers, also, more) => {
    test("is written once, with what its scanner found", { timeout: 120_000 }, async () => {
      const report = {
        ...{
          SchemaVersion: 2,
          Results: [{ Target: "app", Class: "os-pkgs", Packages: [{ Name: "a" }] }],
        },
      };
      const scan = {
        command: `echo '${JSON.stringify(report)}' > "$FLOE_GATE_DIR/trivy.json"`,
        ...{ shell: true, reports: ["${FLOE_GATE_DIR}/trivy.json"] },
      };
      await using place = await aPlace(referrers, { security_scan: scan });
      await promoted(place, "v1.0.0", "dev");
      const made = await promoted(place, "v1.1.0", "dev");
      const names = { source: "none", target: "dev" };
      expect(made.map((request) => named(request, names)).sort()).toEqual(
        [...PLAN, ...CLAIM, ...COMMIT, ...also, ...more].map(([request]) => request).sort(),
      );
    });
  },
);

describe("a policy that the last record names", () => {
  test("is sent again where it is gone", async () => {
    await using place = await aPlace(true);
    await promoted(place, "v1.0.0", "dev");
    const { registry } = place;
    const policyOf = (tag: string): string => {
      const manifest = registry.manifest(REPOSITORY, registry.tags(REPOSITORY)[tag] ?? "");
      return JSON.parse(Buffer.from(manifest?.bytes ?? "").toString()).config.digest;
    };
    const record = (): string =>
      Object.keys(registry.tags(REPOSITORY))
        .filter((tag) => tag.startsWith("floe-rec."))
        .sort()
        .at(-1) ?? "";
    const policy = policyOf(record());
    const headers = { authorization: registry.authorization() ?? "" };
    const gone = await fetch(`${registry.url}/v2/${REPOSITORY}/blobs/${policy}`, {
      method: "DELETE",
      headers,
    });
    expect(gone.status).toBe(202);
    await promoted(place, "v1.1.0", "dev");
    expect(policyOf(record())).toBe(policy);
    expect(registry.blob(REPOSITORY, policy)).not.toBeNull();
  });
});

async function aPlace(
  referrers: boolean,
  reporting: Readonly<Record<string, unknown>> = {},
): Promise<RegistryPlace> {
  const names = ["one", "two", "three", "four", "five"];
  const plain = Object.fromEntries(names.map((name) => [name, { command: ["true"] }]));
  const gates = { ...plain, ...reporting };
  return await registryPlace({
    versions: ["v1.0.0", "v1.1.0"],
    environments: [
      { name: "dev", gates },
      { name: "staging", gates },
    ],
    settings: { referrers, singlePost: referrers },
  });
}

/** Promotes with a home folder of its own, so that nothing is in the cache, and gives the requests that it took. */
async function promoted(
  place: RegistryPlace,
  version: string,
  to: string,
): Promise<readonly string[]> {
  const before = place.registry.requests.length;
  const home = join(place.dir, `home-${version}-${to}`);
  mkdirSync(home, { recursive: true });
  const run = await place.runWith({ env: { HOME: home } }, "promote", version, "--to", to);
  expect(run.code, run.stderr).toBe(0);
  return place.registry.requests
    .slice(before)
    .map(
      ({ method, path, query }) => `${method} ${path.replace(`/v2/${REPOSITORY}/`, "")}${query}`,
    );
}

/** A request without what is another one each time. */
function named(request: string, { source, target }: Record<"source" | "target", string>): string {
  return request
    .replace(/\?n=\d+$/, "")
    .replace(/uploads\/\?digest=.*/, "uploads/ with the blob")
    .replace(/uploads\/[^ ]*\?.*/, "uploads/ID")
    .replace(/referrers\/sha256:[0-9a-f]{64}/, "referrers/ARTIFACT")
    .replace(/sha256-[0-9a-f]{64}/, "ARTIFACT-INDEX")
    .replace(/sha256:[0-9a-f]{64}/, "DIGEST")
    .replace(/(floe-ev\.[a-z]+)\.\d{12}-[0-9a-f]{12}/, "$1")
    .replace(/floe-evd\.[0-9a-f]{32}/, "floe-evd.HASH")
    .replace(/(floe-(?:rec|vsa))\.[0-9a-f-]{36}/, "$1.OPERATION")
    .replace("v1.1.0", "VERSION")
    .replace(new RegExp(`([-.])${source}$`), "$1SOURCE")
    .replace(new RegExp(`([-.])${target}$`), "$1TARGET");
}
