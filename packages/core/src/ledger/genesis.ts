import type { AuditBackend } from "../contract/index.ts";
import { FloeError } from "../errors/index.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import { digestOf } from "../model/digest.ts";
import { classifyTag, genesisTag } from "../model/tag.ts";
import { uuidV7 } from "../model/uuid.ts";
import type { CallOptions } from "../ports/index.ts";
import { eventStatement, invalidEvent, type LedgerEvent } from "./event.ts";
import { EMPTY_STATE } from "./fold-state.ts";
import { actorOf, type LedgerContext, requireSigner } from "./ledger-context.ts";
import { eventBytes, eventManifest, type LedgerMode } from "./oci-backend.ts";
import type { VerifiedEvent } from "./verify-event.ts";

/** The first event of a ledger, pinned in the environment's repository. */
export interface Genesis {
  /** The ledger's own unique name, in every event. */
  readonly chain: string;
  readonly bytes: Uint8Array;
}

type Verify = (bytes: Uint8Array, where: string) => VerifiedEvent;

/**
 * Reads the genesis that the tag `floe-ledger.<env>` pins, and checks that the manifest means the same ledger.
 * @throws {FloeError} FLOE_LEDGER_MISSING - the environment has tags and no ledger
 * @throws {FloeError} FLOE_LEDGER_ELSEWHERE - the manifest names another backend or the store another mode
 */
export async function findGenesis(
  environment: EnvironmentConfig,
  context: LedgerContext,
  mode: LedgerMode,
  verify: Verify,
  options: CallOptions,
): Promise<Genesis | null> {
  const tag = genesisTag(environment.name);
  const pinned = await context.store.getManifest(tag, options);
  if (!pinned) return await absentGenesis(environment, context, options);
  const { event, bytes } = verify(await eventBytes(context.store, pinned, tag, options), tag);
  if (event.kind !== "genesis" || event.seq !== 0) throw invalidEvent(tag, "it is not a genesis");
  const { body } = event;
  const backend = context.manifest.audit.backend;
  if (body.backend !== backend || body.location !== "self" || body.mode !== mode) {
    throw new FloeError({
      code: "FLOE_LEDGER_ELSEWHERE",
      message: `the ledger of ${environment.name} is pinned to backend ${body.backend} (${body.location}, ${body.mode}), the manifest and registry give ${backend} (self, ${mode})`,
      hint: "Set promotion.audit back to what the ledger was made with; moving a ledger is an explicit operation.",
    });
  }
  return { chain: event.chain, bytes };
}

async function absentGenesis(
  environment: EnvironmentConfig,
  context: LedgerContext,
  options: CallOptions,
): Promise<null> {
  const tags = await context.store.listTags(options);
  const rules = {
    environments: context.manifest.environments.map((candidate) => candidate.name),
    versionPattern: context.manifest.tags.versionPattern ?? undefined,
  };
  const left = tags.filter((tag) => {
    const kind = classifyTag(tag, rules);
    if (kind.kind === "environment" || kind.kind === "latest" || kind.kind === "rollback") {
      return kind.environment === environment.name;
    }
    return tag.startsWith(`floe-ev.${environment.name}.`) && !/\.0{12}(?:-|$)/.test(tag);
  });
  if (left.length === 0) return null;
  throw new FloeError({
    code: "FLOE_LEDGER_MISSING",
    message: `${environment.name} has tags (${left.slice(0, 3).join(", ")}${left.length > 3 ? ", …" : ""}) and no ledger`,
    hint: "Restore the tag floe-ledger.… from a copy, or check that the manifest names the right repository.",
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
  audit: AuditBackend,
  mode: LedgerMode,
  verify: Verify,
  options: CallOptions & { readonly traceId: string },
): Promise<Genesis> {
  const signer = requireSigner(context.signer, "ledger");
  const id = uuidV7(context.store.now(), context.host.randomBytes(10));
  const chain = `urn:floe:ledger:${environment.name}:${id}`;
  const event: LedgerEvent = {
    v: 1,
    chain,
    environment: environment.name,
    seq: 0,
    prev: null,
    size: 1,
    id,
    operation: id,
    kind: "genesis",
    at: context.store.now().toISOString(),
    actor: actorOf(signer.signer, context),
    agent: { name: "floe", version: context.version },
    trace_id: options.traceId,
    body: {
      backend: context.manifest.audit.backend,
      location: "self",
      mode,
      serialises: audit.capabilities().serialises,
    },
    state: EMPTY_STATE,
  };
  // There is no genesis yet whose bytes could be the subject, so the chain's own name is.
  const mine = await signer.sign(
    eventStatement(event, { name: chain, digest: digestOf(chain) }),
    options,
  );
  let bytes = mine;
  const claim = await audit.claim(environment.name, 0, mine, options);
  if (claim.status === "taken") bytes = claim.bytes;
  else if (mode === "own-tag") bytes = await firstWritten(environment.name, audit, mine, options);
  const pin = await context.store.createTag(
    genesisTag(environment.name),
    eventManifest(bytes, 0),
    options,
  );
  if (pin.status === "taken") {
    const winner = await context.store.getManifest(genesisTag(environment.name), options);
    if (!winner)
      throw invalidEvent(genesisTag(environment.name), "it vanished while the ledger was made");
    bytes = await eventBytes(context.store, winner, genesisTag(environment.name), options);
  }
  const verified = verify(bytes, `${environment.name}#0`);
  return { chain: verified.event.chain, bytes };
}

// Without atomic tags several first events can stand side by side; the lowest bytes are the one that all choose.
async function firstWritten(
  environment: string,
  audit: AuditBackend,
  mine: Uint8Array,
  options: CallOptions,
): Promise<Uint8Array> {
  let lowest = mine;
  for await (const entry of audit.read(environment, 0, 0, options)) {
    if (Buffer.compare(entry.bytes, lowest) < 0) lowest = entry.bytes;
  }
  return lowest;
}
