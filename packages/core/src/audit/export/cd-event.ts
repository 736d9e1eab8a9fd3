import { artifactPurl } from "../../model/artifact-purl.ts";
import { subjectOf } from "./cloud-event.ts";
import { eventName } from "./event-name.ts";
import type { ExportedEvent } from "./exported-event.ts";

/** Version of the CDEvents specification that {@link cdEvent} follows. */
export const CD_EVENTS_VERSION = "0.4.1";

/**
 * An event as a custom CDEvent (`dev.cdeventsx`, CDEvents specification, "Custom events"): its vocabulary has no promotion,
 * and floe deploys nothing, so that none of its own types says what happened.
 */
export function cdEvent({
  summary,
  event,
  hash,
  repository,
}: ExportedEvent): Readonly<Record<string, unknown>> {
  const { subject, predicate } = eventName(event);
  const type = `floe-${subject}`;
  const id = subjectOf(summary);
  const { digest, environment, ...content } = summary;
  return {
    context: {
      version: CD_EVENTS_VERSION,
      id: hash,
      source: event.chain,
      type: `dev.cdeventsx.${type}.${predicate}.0.1.0`,
      timestamp: event.at,
    },
    subject: {
      id,
      source: event.chain,
      type,
      content: {
        ...content,
        environment: { id: environment, source: event.chain },
        ...(digest === null ? {} : { artifactId: artifactPurl(digest, repository) }),
      },
    },
  };
}
