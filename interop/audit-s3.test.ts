import { startS3, type TestS3 } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { type LedgerProject, ledgerProject, type Row } from "./support/ledger-project.ts";

/** A project with its ledgers in a bucket with Object Lock; the keys are in the environment and nowhere else. */
async function aProject(server: TestS3, signal: AbortSignal): Promise<LedgerProject> {
  const { endpoint, bucket, accessKeyId, secretAccessKey } = server;
  const audit = {
    backend: "s3",
    s3_bucket: bucket,
    with: { endpoint, credentials_ref: "env:LEDGER_KEYS" },
  };
  const env = { LEDGER_KEYS: `${accessKeyId}:${secretAccessKey}` };
  const versions = ["v1.0.0", "v1.1.0"];
  return await ledgerProject({ audit, versions, registry: "folder", env, signal });
}

const locked = { objectLock: { mode: "COMPLIANCE", days: 30 } } as const;

describe("a ledger in S3, through the command line", () => {
  test("is carried, doctored and verified, and names no secret anywhere", async ({ signal }) => {
    await using server = await startS3(locked);
    await using project = await aProject(server, signal);
    await project.done("promote", "v1.0.0", "--to", "dev");
    await project.done("promote", "v1.0.0", "--to", "staging");
    server.resetRequests();
    await project.done("promote", "v1.1.0", "--to", "dev");
    const methods = server.requests.map((request) => request.split(" ")[0]);
    // Two events, and where the newest is: the SDK asks for nothing besides.
    expect(methods.filter((method) => method === "PUT")).toHaveLength(2);
    expect(methods.filter((method) => method !== "PUT").length).toBeLessThanOrEqual(4);

    const board = (await project.done("status")) as Row[];
    expect(board.map(({ version, ledger, drift }) => [version, ledger, drift])).toEqual([
      ["v1.1.0", "strong", null],
      ["v1.0.0", "strong", null],
    ]);
    const verified = (await project.done("audit", "verify")) as Row[];
    expect(verified.map(({ backend }) => backend)).toEqual(["s3", "s3"]);
    const doctor = await project.floe("doctor");
    expect(doctor.stdout).toContain(
      "exactly one writer wins a slot (replicated, write-once by compliance)",
    );
    const [genesis] = (await project.done("audit", "show", "0", "--env", "dev")) as [Row];
    expect(JSON.stringify(genesis)).toContain(`s3:${server.endpoint}/${server.bucket}/floe/`);
    const explained = await project.floe("manifest", "explain", "-o", "json");
    for (const text of [genesis, doctor, explained].map((one) => JSON.stringify(one)))
      expect(text).not.toContain(server.secretAccessKey);
  });

  test("that was changed is found, against the bucket's own versions and a checkpoint", async ({
    signal,
  }) => {
    await using server = await startS3(locked);
    await using project = await aProject(server, signal);
    await project.done("promote", "v1.0.0", "--to", "dev");
    await project.done("promote", "v1.1.0", "--to", "dev");
    await project.done("audit", "checkpoint", "--env", "dev", "--out", "dev.checkpoint");
    const whole = server.snapshot();
    // The newest first.
    const keys = server.keys("floe/").filter((key) => key.includes("_23dev/"));
    const cases: readonly (readonly [string, number, () => void])[] = [
      [
        "written over with the same bytes",
        1,
        () => {
          const key = keys.at(-2) ?? "";
          server.plant(key, server.object(key) ?? new Uint8Array());
        },
      ],
      [
        "cut off",
        3,
        () => {
          for (const key of keys.slice(0, 2)) server.remove(key);
        },
      ],
    ];
    for (const [name, seq, change] of cases) {
      server.restore(whole);
      change();
      const { code, said } = await project.json(
        ...["audit", "verify", "--env", "dev", "--checkpoint", "dev.checkpoint"],
      );
      const [{ verdicts }] = said as [
        { verdicts: Record<string, { findings: readonly { readonly seq: number | null }[] }> },
      ];
      const seqs = Object.values(verdicts).flatMap(({ findings }) =>
        findings.map((one) => one.seq),
      );
      expect([name, code, Math.min(...seqs.map((one) => one ?? 1000))]).toEqual([name, 18, seq]);
    }
  });

  test("that never answers ends a promotion with 15 in time, and the registry is as it was", async ({
    signal,
  }) => {
    await using server = await startS3();
    await using project = await aProject(server, signal);
    await project.done("promote", "v1.0.0", "--to", "dev");
    const before = await project.tags();
    server.configure({ blackHole: true });
    const begun = performance.now();

    const { code, said } = await project.json("promote", "v1.0.0", "--to", "staging");

    expect([code, performance.now() - begun < 20_000]).toEqual([15, true]);
    expect(said).toMatchObject({ error: { code: "FLOE_LEDGER_UNAVAILABLE" } });
    expect(await project.tags()).toEqual(before);
  });
});
