import { eventName } from "./event-name.ts";
import type { ExportedEvent } from "./exported-event.ts";

/** An event as a structured CloudEvent 1.0; delivering it twice is known by `source` and `id`. */
export function cloudEvent({
  summary,
  event,
  hash,
}: ExportedEvent): Readonly<Record<string, unknown>> {
  const { subject, predicate } = eventName(event);
  return {
    specversion: "1.0",
    id: hash,
    source: event.chain,
    type: `dev.floe.${subject}.${predicate}.v1`,
    subject: subjectOf(summary),
    time: event.at,
    datacontenttype: "application/json",
    // Extension attributes: lower-case letters and digits.
    floeseq: event.seq,
    floetraceid: event.trace_id,
    data: { ...summary, actor: event.actor, body: event.body },
  };
}

/** What an event is about: the environment, and the version where there is one. */
export function subjectOf({
  environment,
  version,
}: {
  readonly environment: string;
  readonly version: string | null;
}): string {
  return version === null ? environment : `${environment}/${version}`;
}
