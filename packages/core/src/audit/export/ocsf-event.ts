import { actorName } from "../../ledger/fold-state.ts";
import { eventName } from "./event-name.ts";
import type { ExportedEvent } from "./exported-event.ts";

/** Version of the Open Cybersecurity Schema Framework that {@link ocsfEvent} follows; later ones mean other things by `metadata.uid`. */
const OCSF_VERSION = "1.6.0";

const CATEGORY_APPLICATION = 6;
const CLASS_API_ACTIVITY = 6003;
const ACTIVITY_CREATE = 1;
const ACTIVITY_UPDATE = 3;
const SEVERITY_INFORMATIONAL = 1;
const SEVERITY_MEDIUM = 3;
const STATUS_SUCCESS = 1;
const STATUS_FAILURE = 2;

/** An event as OCSF API Activity (class 6003). What the class has no place for is in `unmapped`. */
export function ocsfEvent({
  summary,
  event,
  hash,
  repository,
}: ExportedEvent): Readonly<Record<string, unknown>> {
  const { subject, predicate } = eventName(event);
  const { actor, agent } = event;
  const failed = summary.result !== null && summary.result !== "succeeded";
  const activity = event.kind === "genesis" ? ACTIVITY_CREATE : ACTIVITY_UPDATE;
  return {
    category_uid: CATEGORY_APPLICATION,
    class_uid: CLASS_API_ACTIVITY,
    activity_id: activity,
    type_uid: CLASS_API_ACTIVITY * 100 + activity,
    time: Date.parse(event.at),
    severity_id: failed || !summary.counts ? SEVERITY_MEDIUM : SEVERITY_INFORMATIONAL,
    status_id: failed ? STATUS_FAILURE : STATUS_SUCCESS,
    ...(summary.reason === null ? {} : { message: summary.reason }),
    metadata: {
      version: OCSF_VERSION,
      uid: hash,
      sequence: event.seq,
      correlation_uid: event.operation,
      log_name: event.chain,
      product: { name: agent.name, vendor_name: "floe", version: agent.version },
    },
    actor: {
      user: {
        name: summary.operator,
        uid: actor.subject ?? actor.key_id ?? actorName(actor),
        ...(actor.issuer === undefined ? {} : { domain: actor.issuer }),
      },
      app_name: agent.name,
    },
    api: { operation: `${subject}.${predicate}`, service: { name: "floe" } },
    // A ledger says nothing of addresses; it is the environment's repository that was written to.
    src_endpoint: { name: agent.name },
    dst_endpoint: { name: repository },
    resources: [
      {
        name: summary.version ?? summary.environment,
        type: summary.version === null ? "environment" : "artifact",
        ...(summary.digest === null ? {} : { uid: summary.digest }),
        labels: [`environment:${summary.environment}`],
      },
    ],
    unmapped: { summary, trace_id: event.trace_id, body: event.body },
  };
}
