import type { EnvironmentConfig } from "../manifest/manifest.ts";
import { authorityDigest } from "../manifest/policy-digests.ts";
import { type Digest, digestOf } from "../model/digest.ts";
import { uuidV7 } from "../model/uuid.ts";
import type { CallOptions } from "../ports/index.ts";
import {
  type EventActor,
  type EventBody,
  type EventFacts,
  type EventKind,
  eventStatement,
  type LedgerEvent,
  leafHash,
  type StoredEvent,
} from "./event.ts";
import { foldState } from "./fold-state.ts";
import { actorOf, type LedgerContext, requireSigner } from "./ledger-context.ts";
import type { LedgerView } from "./read-view.ts";

/** What somebody wants to append. */
export interface EventDraft<Kind extends EventKind = EventKind> {
  readonly kind: Kind;
  readonly operation: string;
  readonly body: EventBody<Kind>;
  /** The artifact that the event is about; `null`: the ledger's genesis. */
  readonly subject: { readonly name: string; readonly digest: Digest } | null;
  readonly traceId: string;
  readonly claimedOperator?: string | undefined;
}

/** Makes the event that follows a view of the ledger, with the state that it leaves, and signs it. */
export async function signEvent(
  view: LedgerView,
  draft: EventDraft,
  environment: EnvironmentConfig,
  context: LedgerContext,
  options: CallOptions,
): Promise<StoredEvent> {
  const signer = requireSigner(context.signer, draft.kind);
  const actor = actorOf(signer.signer, context, draft.claimedOperator);
  const facts = {
    v: 1 as const,
    chain: view.genesis.chain,
    environment: environment.name,
    seq: view.seq + 1,
    prev: view.hash,
    ...(view.rivals.length > 0 ? { rivals: view.rivals.map((rival) => rival.hash) } : {}),
    ...(view.disregarded.length > 0
      ? { disregards: view.disregarded.map((event) => event.hash) }
      : {}),
    size: view.size + 1,
    id: uuidV7(context.store.now(), context.host.randomBytes(10)),
    operation: draft.operation,
    kind: draft.kind,
    at: context.store.now().toISOString(),
    actor,
    agent: { name: "floe", version: context.version },
    authority_digest: authorityDigest(environment),
    trace_id: draft.traceId,
    body: withoutKeyOf(actor, draft),
  } as EventFacts;
  const event = { ...facts, state: foldState(view.state, facts) } as LedgerEvent;
  const subject = draft.subject ?? {
    name: view.genesis.chain,
    digest: digestOf(view.genesis.bytes),
  };
  const bytes = await signer.sign(eventStatement(event, subject), options);
  return { event, bytes, hash: leafHash(bytes) };
}

// The key stands in the event once.
function withoutKeyOf(actor: EventActor, { kind, body }: EventDraft): unknown {
  if (kind !== "outcome") return body;
  const { operator } = body as EventBody<"outcome">;
  const { public_key: key, ...rest } = operator;
  const same = operator.key_id === actor.key_id && key === actor.public_key;
  return same ? { ...body, operator: rest } : body;
}
