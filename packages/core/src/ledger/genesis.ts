import { FloeError } from "../errors/index.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import { authorityDigest } from "../manifest/policy-digests.ts";
import { digestOf } from "../model/digest.ts";
import { classifyTag, genesisTag, type TagRules } from "../model/tag.ts";
import { uuidV7 } from "../model/uuid.ts";
import type { CallOptions } from "../ports/index.ts";
import { assertNotElsewhere } from "./assert-not-elsewhere.ts";
import { assertReadable } from "./assert-readable.ts";
import { type EventBody, eventStatement, invalidEvent, type LedgerEvent } from "./event.ts";
import { EMPTY_STATE } from "./fold-state.ts";
import { actorOf, type LedgerContext, requireSigner } from "./ledger-context.ts";
import type { LedgerPlace } from "./ledger-place.ts";
import type { Continues } from "./move-body.ts";
import { eventBytes, eventManifest, storeEventBlobs } from "./oci-backend.ts";
import type { LedgerView } from "./read-view.ts";
import type { VerifiedEvent } from "./verify-event.ts";

/** The first event of a ledger, pinned in the environment's repository. */
export interface Genesis {
  /** The ledger's own unique name, in every event. */
  readonly chain: string;
  readonly bytes: Uint8Array;
  /** Number of the event: 0 unless the ledger was moved. */
  readonly first: number;
  /** Where the events before it are; `null`: there are none. */
  readonly continues: Continues | null;
  /** Name of the chain in a store that several share. */
  readonly slots: string | null;
}

/** Checks an event's bytes: its signature, and that its actor is who signed it. */
export type Verify = (bytes: Uint8Array, where: string) => VerifiedEvent;

/**
 * Reads the genesis that the tag `floe-ledger.<env>` pins, and checks that the manifest means the same ledger.
 * @throws {FloeError} FLOE_LEDGER_MISSING - the environment has tags and no ledger
 * @throws {FloeError} FLOE_LEDGER_ELSEWHERE - the manifest names another backend or the store another mode
 */
export async function findGenesis(
  environment: EnvironmentConfig,
  context: LedgerContext,
  place: LedgerPlace,
  verify: Verify,
  options: CallOptions & { readonly adopting?: boolean | undefined },
): Promise<Genesis | null> {
  const tag = genesisTag(environment.name);
  let pinned = await context.store.getManifest(tag, options);
  if (!pinned) {
    // That nothing was begun is no answer for a manifest whose backend is not to be had.
    await place.location(options);
    const left = await tagsOf(environment, context, options);
    const none = async (): Promise<null> => {
      await assertNotElsewhere(environment, context, options);
      return null;
    };
    if (left.length === 0) return await none();
    // They are written after the pin: when the ledger began between the two looks, it is there now.
    pinned = await context.store.getManifest(tag, options);
    // Environment tags that were made by hand are what adopting is for; whatever else there is was written by floe.
    const own = left.filter((name) => !isByHand(name, environment, context));
    if (!pinned && options.adopting === true && own.length === 0) return await none();
    if (!pinned) throw missingLedger(environment, left);
  }
  const { event, bytes } = verify(await eventBytes(context.store, pinned, tag, options), tag);
  const { body, first, continues } = readGenesis(event, tag);
  const project = context.manifest.metadata.name;
  if (body.project !== project) {
    throw new FloeError({
      code: "FLOE_LEDGER_ELSEWHERE",
      message: `the ledger of ${environment.name} is that of project ${JSON.stringify(body.project)}, and this manifest is ${JSON.stringify(project)}`,
      hint: "Check that the manifest names the right repository. A project keeps its metadata.name, because its ledgers are bound to it.",
    });
  }
  const here = await placeText(place, options);
  const there = { backend: body.backend, location: body.location, mode: body.mode };
  if (textOf(there) !== here) {
    throw new FloeError({
      code: "FLOE_LEDGER_ELSEWHERE",
      message: `the ledger of ${environment.name} is pinned to backend ${textOf(there)}, the manifest and registry give ${here}`,
      hint: "Set promotion.audit back to what the ledger was made with. A ledger is moved by floe audit move; if that was interrupted, run it again with the manifest that it was run with.",
    });
  }
  const slots = body.slots ?? null;
  place.follow({ slots, first });
  return { chain: event.chain, bytes, first, continues, slots };
}

/**
 * Reads what an event says as a beginning: the first event of a ledger, or the first one in the place that it was moved to.
 * @throws {FloeError} FLOE_LEDGER_EVENT_INVALID - it is none
 */
export function readGenesis(
  event: LedgerEvent,
  where: string,
): { readonly body: EventBody<"genesis"> } & Pick<Genesis, "first" | "continues"> {
  if (event.kind !== "genesis") throw invalidEvent(where, "it is not a genesis");
  const { body, seq: first, size, prev } = event;
  const continues = body.continues ?? null;
  const fits =
    continues === null
      ? first === 0 && size === 1 && prev === null
      : first === continues.seq + 1 && size === continues.size + 1 && prev === continues.hash;
  if (!fits) throw invalidEvent(where, "it is not a genesis");
  return { body, first, continues };
}

function textOf(pinned: { backend: string; location: string; mode: string }): string {
  return `${pinned.backend} (${pinned.location}, ${pinned.mode})`;
}

async function placeText(place: LedgerPlace, options: CallOptions): Promise<string> {
  const { backend, mode } = place;
  return textOf({ backend, mode, location: await place.location(options) });
}

// Everything in the repository that only an environment with a ledger has. A first event alone is none: it is left by
// whoever was interrupted before pinning it.
async function tagsOf(
  environment: EnvironmentConfig,
  context: LedgerContext,
  options: CallOptions,
): Promise<string[]> {
  const rules = rulesOf(context);
  return (await context.store.listTags(options)).filter((tag) => {
    const kind = classifyTag(tag, rules);
    if (kind.kind === "environment" || kind.kind === "latest" || kind.kind === "rollback") {
      return kind.environment === environment.name;
    }
    return tag.startsWith(`floe-ev.${environment.name}.`) && !/\.0{12}(?:-|$)/.test(tag);
  });
}

function rulesOf({ manifest }: LedgerContext): TagRules {
  return {
    environments: manifest.environments.map((candidate) => candidate.name),
    versionPattern: manifest.tags.versionPattern ?? undefined,
  };
}

function isByHand(tag: string, environment: EnvironmentConfig, context: LedgerContext): boolean {
  const kind = classifyTag(tag, rulesOf(context));
  return (
    (kind.kind === "environment" || kind.kind === "latest") && kind.environment === environment.name
  );
}

function missingLedger(environment: EnvironmentConfig, left: readonly string[]): FloeError {
  return new FloeError({
    code: "FLOE_LEDGER_MISSING",
    message: `${environment.name} has tags (${left.slice(0, 3).join(", ")}${left.length > 3 ? ", …" : ""}) and no ledger`,
    hint: `Restore the tag floe-ledger.${environment.name} from a copy, or check that the manifest names the right repository. If it never had a ledger, because these tags were made without floe: floe platform adopt VERSION --env ${environment.name} --reason …`,
    details: { environment: environment.name, tags: left.slice(0, 20) },
  });
}

/**
 * Makes the ledger of an environment: the first event, then the tag that pins it. Several may try at once: one event
 * is pinned, and everybody goes on with that one.
 */
export async function createGenesis(
  environment: EnvironmentConfig,
  context: LedgerContext,
  place: LedgerPlace,
  verify: Verify,
  options: CallOptions & { readonly traceId: string },
): Promise<Genesis> {
  const { store } = context;
  const { audit, mode } = place;
  await place.prepare(options);
  const tag = genesisTag(environment.name);
  const beginnings = async (): Promise<VerifiedEvent[]> => {
    const found: VerifiedEvent[] = [];
    // Asking for the head looks at the store anew.
    if ((await audit.head(environment.name, options)) === null) return [];
    for await (const { bytes } of audit.read(environment.name, 0, 0, options))
      found.push(verify(bytes, `${environment.name}#0`));
    return found.filter(({ authorized }) => authorized).sort(byHash);
  };
  // Somebody who was interrupted before pinning, or is just about to, has left a beginning: then that one is pinned.
  let first = mode === "own-tag" ? (await beginnings())[0]?.bytes : undefined;
  if (first === undefined) {
    const mine = await firstEvent(environment, context, place, options);
    assertReadable(mine, "genesis", audit, verify);
    const claim = await audit.claim(environment.name, 0, mine, {
      ...options,
      labels: [],
    });
    first = claim.status === "taken" ? claim.bytes : mine;
    if (mode === "own-tag") first = (await beginnings())[0]?.bytes ?? mine;
  }
  // On a store that cannot serialise, a rival may overwrite the pin until everybody has seen it. That does no harm: events
  // that go by either beginning count.
  // A store of its own has put nothing into the registry yet.
  if (place.backend !== "oci") await storeEventBlobs(store, first, false, options);
  const pin = await store.createTag(tag, eventManifest(first, 0), options);
  if (pin.status === "taken") {
    const winner = await store.getManifest(tag, options);
    if (!winner) throw invalidEvent(tag, "it vanished while the ledger was made");
    first = await eventBytes(store, winner, tag, options);
  }
  const { event } = verify(first, tag);
  const { body, first: seq, continues } = readGenesis(event, tag);
  const slots = body.slots ?? null;
  return { chain: event.chain, bytes: first, first: seq, continues, slots };
}

/** Signs the first event of a ledger in a place; with `after`, of one that had events before, in another place. */
export async function firstEvent(
  environment: EnvironmentConfig,
  context: LedgerContext,
  place: LedgerPlace,
  options: CallOptions & { readonly traceId: string },
  after: { readonly view: LedgerView; readonly continues: Continues } | null = null,
): Promise<Uint8Array> {
  const slots = place.slots();
  const signer = requireSigner(context.signer, "ledger");
  const id = uuidV7(context.store.now(), context.host.randomBytes(10));
  const view = after?.view;
  const chain = view?.genesis.chain ?? `urn:floe:ledger:${environment.name}:${id}`;
  const rivals = view?.rivals.map(({ hash }) => hash) ?? [];
  const disregards = view?.disregarded.map(({ hash }) => hash) ?? [];
  const event: LedgerEvent = {
    v: 1,
    chain,
    environment: environment.name,
    seq: view ? view.seq + 1 : 0,
    prev: view?.hash ?? null,
    ...(rivals.length > 0 ? { rivals } : {}),
    ...(disregards.length > 0 ? { disregards } : {}),
    size: view ? view.size + 1 : 1,
    id,
    operation: id,
    kind: "genesis",
    at: context.store.now().toISOString(),
    actor: actorOf(signer.signer, context),
    agent: { name: "floe", version: context.version },
    authority_digest: authorityDigest(environment),
    trace_id: options.traceId,
    body: {
      backend: place.backend,
      location: await place.location(options),
      ...(slots === null ? {} : { slots }),
      project: context.manifest.metadata.name,
      mode: place.mode,
      serialises: place.audit.capabilities().serialises,
      ...(after ? { continues: after.continues } : {}),
    },
    state: view?.state ?? EMPTY_STATE,
  };
  // There is no genesis yet whose bytes could be the subject, so the chain's own name is.
  return await signer.sign(
    eventStatement(event, { name: chain, digest: digestOf(chain) }),
    options,
  );
}

function byHash(a: VerifiedEvent, b: VerifiedEvent): number {
  return a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0;
}
