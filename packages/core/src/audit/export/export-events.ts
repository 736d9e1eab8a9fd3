import { FloeError } from "../../errors/index.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { bySeqThenHash } from "../../ledger/read-view.ts";
import type { VerifiedEvent } from "../../ledger/verify-event.ts";
import type { CallOptions } from "../../ports/index.ts";
import { at, type FloeContext } from "../../promotion/context.ts";
import { selectEnvironments } from "../../promotion/environments.ts";
import type { Ledgers } from "../../promotion/ledgers.ts";
import { auditLedgers } from "../audit-ledger.ts";
import { cdEvent } from "./cd-event.ts";
import { cloudEvent } from "./cloud-event.ts";
import { CSV_HEADER, csvLine } from "./csv-line.ts";
import { type ExportCursor, LATE_SLOTS, NO_CURSOR } from "./cursor.ts";
import { type ExportedEvent, exportedEvent } from "./exported-event.ts";
import { HTML_TAIL, htmlHead, htmlRow } from "./html-report.ts";
import { ocsfEvent } from "./ocsf-event.ts";

/** In what form events go out. */
export const EXPORT_FORMATS = ["ndjson", "cloudevents", "cdevents", "ocsf", "csv", "html"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** What `floe audit export` is asked for. */
export interface ExportRequest {
  readonly format: ExportFormat;
  readonly environment?: string | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  /** Only what was not told yet; the answer says how far that is then. */
  readonly cursor?: ExportCursor | undefined;
}

/** Events in the form that was asked for. */
export interface ExportedLedgers {
  readonly text: string;
  readonly count: number;
  /** Where the next export goes on. */
  readonly cursor: ExportCursor;
}

/**
 * Writes the events of ledgers, oldest first, each with its signature checked. Whoever keeps the cursor is told every event at
 * least once, also those that turn up late beside others.
 * @throws {FloeError} FLOE_LEDGER_TAMPERED - what was told before is no longer there
 * @throws {FloeError} FLOE_LEDGER_PRUNED - what was not told yet was removed
 */
export async function exportLedgers(
  request: ExportRequest,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<ExportedLedgers> {
  const { manifest } = context;
  const environments = selectEnvironments(manifest, request.environment);
  const events: ExportedEvent[] = [];
  const positions = { ...(request.cursor ?? NO_CURSOR).positions };
  for (const environment of environments) {
    const ledger = ledgers.of(environment);
    const stored = await newEvents(ledger, positions, options);
    const { repository } = at(context, environment).store;
    for (const one of stored) {
      const exported = exportedEvent(one, repository);
      const { at: time } = exported.event;
      const early = request.from !== undefined && time < request.from.toISOString();
      const late = request.to !== undefined && time > request.to.toISOString();
      if (!early && !late) events.push(exported);
    }
  }
  events.sort((a, b) =>
    a.event.at < b.event.at ? -1 : a.event.at > b.event.at ? 1 : a.event.seq - b.event.seq,
  );
  const cursor = { version: 1 as const, positions };
  return {
    text: await write(events, request, context, ledgers, options),
    count: events.length,
    cursor,
  };
}

// The position is moved on, for the cursor that is given back.
async function newEvents(
  ledger: Ledger,
  positions: Record<string, { seq: number; hashes: ExportedEvent["hash"][] }>,
  options: CallOptions,
): Promise<VerifiedEvent[]> {
  const pinned = await ledger.pinned(options);
  if (!pinned) return [];
  const all: VerifiedEvent[] = [];
  const before = positions[pinned.chain];
  const window = ledger.mode === "slot" ? 0 : LATE_SLOTS;
  const lowest = before === undefined ? 0 : Math.max(0, before.seq - window);
  for await (const stored of ledger.readBack(options)) {
    if (stored.event.seq < lowest) break;
    all.push(stored);
  }
  all.sort(bySeqThenHash);
  const told = new Set(before?.hashes);
  const there = new Set(all.map(({ hash }) => hash));
  const begin = all[0]?.begins === true ? all[0].event.seq : 0;
  if (before !== undefined && before.seq + 1 < begin) throw prunedSince(ledger, before.seq, begin);
  // Of what was told before the beginning nothing can be looked up.
  const known = before !== undefined && lowest >= begin ? before.hashes : [];
  const gone = known.find((hash) => !there.has(hash));
  if (gone !== undefined)
    throw new FloeError({
      code: "FLOE_LEDGER_TAMPERED",
      message: `the ledger of ${ledger.environment.name}: event ${gone}, which an export has told, is no longer there`,
      hint: `See floe audit verify --env ${ledger.environment.name}. Nothing was exported.`,
      details: { environment: ledger.environment.name },
    });
  const last = all.at(-1);
  if (last) {
    const kept = all.filter(({ event }) => event.seq >= last.event.seq - window);
    positions[pinned.chain] = { seq: last.event.seq, hashes: kept.map(({ hash }) => hash) };
  }
  return all.filter(({ hash }) => !told.has(hash));
}

function prunedSince({ environment }: Ledger, told: number, begin: number): FloeError {
  return new FloeError({
    code: "FLOE_LEDGER_PRUNED",
    message: `the export has told the events of ${environment.name} up to ${told}, and the ledger was pruned up to ${begin}: what is between cannot be told`,
    hint: `The archive has it: floe audit verify --env ${environment.name} names it. Begin a new cursor to go on without.`,
    details: { environment: environment.name },
  });
}

async function write(
  events: readonly ExportedEvent[],
  request: ExportRequest,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<string> {
  const lines = (one: (event: ExportedEvent) => unknown): string =>
    events.map((event) => `${JSON.stringify(one(event))}\n`).join("");
  switch (request.format) {
    case "ndjson":
      return lines(({ summary, event, signedBy, bytes }) => ({
        ...summary,
        signed_by: signedBy,
        event,
        bundle: JSON.parse(new TextDecoder().decode(bytes)) as unknown,
      }));
    case "cloudevents":
      return lines(cloudEvent);
    case "cdevents":
      return lines(cdEvent);
    case "ocsf":
      return lines(ocsfEvent);
    case "csv":
      return CSV_HEADER + events.map(csvLine).join("");
    case "html": {
      const { environment, from, to } = request;
      const audits = await auditLedgers({ environment }, context, ledgers, options);
      const facts = {
        project: context.manifest.metadata.name,
        madeAt: context.clock.now(),
        audits,
        period: [
          ...(from ? [`from ${from.toISOString()}`] : []),
          ...(to ? [`until ${to.toISOString()}`] : []),
        ].join(" "),
      };
      return htmlHead(facts) + events.map(htmlRow).join("") + HTML_TAIL;
    }
  }
}
