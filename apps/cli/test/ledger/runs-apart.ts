import type { Floe } from "@floe/core";
import { expect } from "vitest";
import type { RunAs, World } from "../review/a-world.ts";

/** What is done in a world by processes of their own. */
export interface RunsApart {
  /** Runs something as a process would: with a floe of its own, which is closed afterwards. */
  as<Result>(run: RunAs, work: (floe: Floe) => Promise<Result>): Promise<Result>;
  /** Promotes a version through environments, each time as a process of its own. @throws {Error} one of them refused it */
  promote(version: string, ...environments: string[]): Promise<void>;
}

/** Has what happens in a world done by processes of their own, whose store of ledgers is opened and closed each time. */
export function runsApart(world: Pick<World, "floe">): RunsApart {
  const as: RunsApart["as"] = async (run, work) => {
    await using floe = world.floe(run);
    return await work(floe);
  };
  return {
    as,
    async promote(version, ...environments) {
      for (const to of environments) {
        const done = await as({}, (floe) => floe.promote({ version, to }));
        if (done.kind !== "done") throw new Error(`${version} to ${to}: ${JSON.stringify(done)}`);
      }
    },
  };
}

/** Has many begin the ledger of `dev` at once, each with a version of its own, and expects one ledger with all of them. */
export async function expectOneLedger(world: World & RunsApart, rivals: number): Promise<void> {
  const versions = Array.from({ length: rivals }, (_, index) => `v1.0.${index}`);
  for (const version of versions) await world.publish(version);

  const ends = await Promise.all(
    versions.map((version) =>
      world.as({}, async (floe) => {
        // Whoever finds another at work asks again, as --wait does.
        for (;;) {
          const end = await endOf(floe.promote({ version, to: "dev" }));
          if (!end.startsWith("FLOE_PROMOTION_BUSY")) return end;
          await new Promise((done) => setTimeout(done, 20));
        }
      }),
    ),
  );

  expect(ends).toEqual(versions.map(() => "done"));
  await world.as({}, async (floe) => {
    const [row] = await floe.status({});
    const history = await floe.history({ environment: "dev" });
    expect(history.filter(({ kind }) => kind === "genesis")).toHaveLength(1);
    expect(
      history.filter(({ kind, result }) => kind === "outcome" && result === "succeeded"),
    ).toHaveLength(rivals);
    expect(row).toMatchObject({ version: history[0]?.version, drift: null, openIntents: [] });
    const [audit] = await floe.audit({});
    expect(audit?.verdicts).toMatchObject({
      integrity: { verdict: "ok" },
      completeness: { verdict: "ok" },
    });
  });
}

/** How a run ended: the code of its error or of what blocked it, else its kind; and its exit code. */
export async function endOf(
  run: Promise<{
    readonly kind?: string;
    readonly blocking?: readonly { readonly code: string }[];
  }>,
): Promise<string> {
  return await run.then(
    (outcome) => outcome.blocking?.[0]?.code ?? outcome.kind ?? "answered",
    (error: { code?: string; exitCode?: number; message: string }) =>
      error.code === undefined ? error.message : `${error.code} ${error.exitCode}`,
  );
}
