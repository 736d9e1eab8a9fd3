import type { Telemetry, TelemetryFacts, TelemetrySpan } from "../ports/index.ts";
import { FACTS, FLOE_FACTS } from "../telemetry/index.ts";
import { type LedgerEvent, leafHash } from "./event.ts";
import { actorName } from "./fold-state.ts";
import type { Ledger } from "./ledger.ts";

/** What events are called in traces and logs. */
const LEDGER_EVENT = "floe.ledger.event";

/** Makes what is asked of a ledger spans, and every event that is appended an event of its span and a log record. */
export function tracedLedger(ledger: Ledger, telemetry: Telemetry): Ledger {
  const { name } = ledger.environment;
  const facts = { [FACTS.environment]: name };

  function tell(
    { chain, kind, seq, hash }: Appended,
    event: LedgerEvent | null,
    span: TelemetrySpan,
  ): void {
    const said: TelemetryFacts = {
      ...facts,
      [FLOE_FACTS.chain]: chain,
      [FLOE_FACTS.eventKind]: kind,
      [FLOE_FACTS.eventSeq]: seq,
      [FLOE_FACTS.eventHash]: hash,
      ...(event ? eventFacts(event) : {}),
    };
    span.event(LEDGER_EVENT, said);
    const by = event ? ` by ${actorName(event.actor)}` : "";
    telemetry.log("info", `${name}#${seq}: ${kind}${by}`, said, LEDGER_EVENT);
    telemetry.measure("floe.ledger.events", 1, { ...facts, [FLOE_FACTS.eventKind]: kind });
  }

  return {
    ...ledger,
    view: async (options) =>
      await telemetry.span("ledger read", facts, async (span) => {
        const view = await ledger.view(options);
        if (view)
          span.add({ [FLOE_FACTS.eventSeq]: view.seq, [FLOE_FACTS.chain]: view.genesis.chain });
        return view;
      }),
    begin: async (options) =>
      await telemetry.span("ledger begin", facts, async (span) => {
        const made = await ledger.begin(options);
        // Known by then, so that nothing is asked for it.
        const genesis = made ? await ledger.pinned(options) : null;
        if (genesis) {
          const { chain, bytes } = genesis;
          const hash = leafHash(bytes);
          tell({ chain, kind: "genesis", seq: 0, hash }, null, span);
        }
        return made;
      }),
    append: async (draftFor, options) =>
      await telemetry.span("ledger append", facts, async (span) => {
        const appended = await ledger.append(draftFor, options);
        if (!appended) return null;
        const { event, hash } = appended;
        tell({ chain: event.chain, kind: event.kind, seq: event.seq, hash }, event, span);
        return appended;
      }),
  };
}

interface Appended {
  readonly chain: string;
  readonly kind: string;
  readonly seq: number;
  readonly hash: string;
}

function eventFacts(event: LedgerEvent): TelemetryFacts {
  const body = event.body as {
    readonly action?: string;
    readonly result?: string;
    readonly version?: string;
    readonly digest?: string;
  };
  return {
    [FLOE_FACTS.eventId]: event.id,
    [FLOE_FACTS.eventActor]: actorName(event.actor),
    [FLOE_FACTS.eventAction]: body.action,
    [FLOE_FACTS.eventResult]: body.result,
    [FACTS.pipelineRunId]: event.operation,
    [FACTS.artifactVersion]: body.version,
    [FACTS.manifestDigest]: body.digest,
  };
}
