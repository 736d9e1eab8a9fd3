import type { OperationOutcome, Reason } from "@floe/core";
import type { Digest } from "@floe/core/model";
import { aWorld, go, type RunAs, type World, type WorldOptions } from "../review/a-world.ts";

/** Who may do what in the world of these tests: `release` and `alice` promote to prod, `bob` and `carol` approve. */
export const GROUPS = { ops: ["release", "alice"], approvers: ["bob", "carol"] } as const;

const gates = { policy_compliance: true };

/** A path whose last environment asks for approvals; what is given replaces parts of prod. */
export function environmentsWith(
  prod: Readonly<Record<string, unknown>> = {},
): readonly Readonly<Record<string, unknown>>[] {
  const authorization = { allowed_groups: ["ops"] };
  const approvals = { required: 1, from_groups: ["approvers"] };
  return [
    { name: "dev", gates },
    { name: "staging", gates, authorization },
    { name: "prod", gates, authorization, approvals, ...prod },
  ];
}

/** A world with one version in staging whose promotion to prod needs approvals. */
export async function anApprovedWorld(
  prod: Readonly<Record<string, unknown>> = {},
  options: WorldOptions = {},
): Promise<World> {
  const world = await aWorld({
    environments: environmentsWith(prod),
    groups: GROUPS,
    people: ["carol", "dave"],
    ...options,
  });
  await world.publish("v1.0.0");
  await world.promote("v1.0.0", "dev", "staging");
  return world;
}

export const TO_PROD = { version: "v1.0.0", to: "prod" } as const;
export const IN_PROD = { version: "v1.0.0", environment: "prod" } as const;

/** Approves v1.0.0 for prod. @throws {Error} it was refused */
export async function approve(world: World, who: string, as: RunAs = {}): Promise<string> {
  const done = await world.floe({ ...as, who }).approve(IN_PROD);
  if (done.kind !== "done") throw new Error(JSON.stringify(done.blocking));
  return done.event ?? "";
}

/** What a run was refused for, and with which exit code; a run that was not refused gives its kind. */
export function verdictOf(outcome: {
  readonly kind: string;
  readonly blocking?: readonly Reason[];
}): { readonly kind: string; readonly codes: readonly string[]; readonly exitCode: number } {
  const blocking = outcome.blocking ?? [];
  return {
    kind: outcome.kind,
    codes: blocking.map(({ code }) => code),
    exitCode: blocking[0]?.exitCode ?? 0,
  };
}

/** Promotes v1.0.0 to prod, first as a dry run, and gives the verdict, which has to be the same both times. */
export async function promoteTwice(
  world: World,
  as: RunAs = {},
  request: { readonly force?: boolean } = {},
): Promise<
  ReturnType<typeof verdictOf> & {
    readonly gates: readonly string[];
    readonly outcome: OperationOutcome;
  }
> {
  const seen: unknown[] = [];
  let last: OperationOutcome | null = null;
  for (const dryRun of [true, false]) {
    last = await world.floe(as).promote({ ...TO_PROD, ...request, dryRun });
    const { kind, ...verdict } = verdictOf(last);
    const plan = "plan" in last ? last.plan : null;
    seen.push({
      ...verdict,
      allowed: kind === "done" || kind === "would_succeed",
      gates: plan?.gates.map(({ gate, status }) => `${gate} ${status}`),
      notRun: plan?.notRun,
      approvals: plan?.approvals,
      planDigest: plan?.planDigest,
      messages: last.kind === "blocked" ? last.blocking.map(({ message }) => message) : [],
    });
  }
  if (!last) throw new Error("nothing ran");
  if (JSON.stringify(seen[0]) !== JSON.stringify(seen[1]))
    throw new Error(`a dry run says otherwise: ${JSON.stringify(seen, null, 1)}`);
  const plan = "plan" in last ? last.plan : null;
  return { ...verdictOf(last), gates: plan?.gates.map(({ gate }) => gate) ?? [], outcome: last };
}

/** A statement beside an artifact, read without floe's own reading code. */
export async function readAttached(
  { store }: World,
  reference: string,
): Promise<{
  readonly predicateType: string;
  readonly predicate: Readonly<Record<string, unknown>>;
}> {
  const raw = await store.getManifest(reference, go);
  const { layers } = JSON.parse(new TextDecoder().decode(raw?.bytes)) as {
    layers: { mediaType: string; digest: Digest; size: number }[];
  };
  const [layer] = layers;
  if (!layer) throw new Error(`${reference} has no layer`);
  const bundle = JSON.parse(new TextDecoder().decode(await store.getBlob(layer, go))) as {
    dsseEnvelope: { payload: string };
  };
  return JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString("utf8"));
}
