import { CD_EVENTS_VERSION } from "../../audit/export/cd-event.ts";
import type { WebhookFormat } from "../../manifest/webhook.ts";
import { artifactPurl } from "../../model/artifact-purl.ts";
import { canonicalJson } from "../../model/canonical-json.ts";
import { shortDigest } from "../../model/digest.ts";
import type { Delivery } from "../../ports/index.ts";
import type { Notice } from "./webhook-event.ts";

/** Writes a notice as a delivery. The same notice gives the same bytes, so that a signature over them can be compared. */
export function deliveryOf(notice: Notice, format: WebhookFormat): Delivery {
  const { contentType, value } = WRITERS[format](notice);
  return {
    id: notice.data.id,
    event: notice.event,
    contentType,
    body: new TextEncoder().encode(canonicalJson(value)),
  };
}

interface Written {
  readonly contentType: string;
  readonly value: unknown;
}

const WRITERS: Readonly<Record<WebhookFormat, (notice: Notice) => Written>> = {
  native: ({ event, at, data }) => ({
    contentType: "application/json",
    value: { type: event, timestamp: at, data },
  }),
  cdevents: cdEvent,
  slack: (notice) => ({ contentType: "application/json", value: { text: slackText(notice) } }),
};

/** Subject and predicate of custom CDEvents: the vocabulary has no promotion, and floe deploys nothing. */
const CD_TYPES = {
  promote: ["floe-promotion", "finished"],
  rollback: ["floe-promotion", "rolledback"],
  lock: ["floe-environment", "locked"],
  unlock: ["floe-environment", "unlocked"],
  approve: ["floe-approval", "granted"],
  deny: ["floe-approval", "denied"],
} as const;

/** A custom CDEvent (`dev.cdeventsx`) in a structured CloudEvent 1.0. */
function cdEvent({ event, at, data }: Notice): Written {
  const [subject, predicate] = CD_TYPES[event];
  const { chain } = data["ledger"] as { readonly chain: string };
  const type = `dev.cdeventsx.${subject}.${predicate}.0.1.0`;
  const frame = { id: data.id, source: chain, type };
  const id = data.version === null ? data.environment : `${data.environment}/${data.version}`;
  return {
    contentType: "application/cloudevents+json",
    value: {
      specversion: "1.0",
      ...frame,
      subject: id,
      time: at,
      datacontenttype: "application/json",
      data: {
        context: { version: CD_EVENTS_VERSION, ...frame, timestamp: at },
        subject: {
          id,
          source: chain,
          type: subject,
          content: {
            ...data,
            environment: { id: data.environment, source: chain },
            ...artifactOf(data),
          },
        },
      },
    },
  };
}

function artifactOf({ digest, ...data }: Notice["data"]): Readonly<Record<string, unknown>> {
  return digest === null ? {} : { artifactId: artifactPurl(digest, String(data["repository"])) };
}

function slackText({ event, data }: Notice): string {
  const { environment, version, operator, reason } = data;
  const what = `${version ?? ""}${data.digest === null ? "" : ` (${shortDigest(data.digest as never)})`}`;
  const from = data["from"] as { readonly version: string } | undefined;
  const said = {
    promote: `${what} was promoted to ${environment}`,
    rollback: `${environment} was rolled back${from ? ` from ${from.version}` : ""} to ${what}`,
    lock: `${environment} was locked`,
    unlock: `${environment} was unlocked`,
    approve: `${what} was approved for ${environment}`,
    deny: `${what} was denied for ${environment}`,
  }[event];
  const overrides = (data["overrides"] as readonly { kind: string }[] | undefined) ?? [];
  const let_ =
    overrides.length > 0 ? ` [overridden: ${overrides.map(({ kind }) => kind).join(", ")}]` : "";
  return escapeSlack(`${said} by ${operator}${reason === null ? "" : `: ${reason}`}${let_}`);
}

// What people write must not become a mention or a link (Slack, "Escaping text").
function escapeSlack(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll(/\p{Cc}/gu, " ");
}
