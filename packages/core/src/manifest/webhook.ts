import type { SecretRef } from "./manifest.ts";

/** What webhooks may be told about. */
export const WEBHOOK_EVENTS = ["promote", "rollback", "lock", "unlock", "approve", "deny"] as const;

/** One of {@link WEBHOOK_EVENTS}. */
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

/** How the body of a delivery is written. */
export const WEBHOOK_FORMATS = ["native", "cdevents", "slack"] as const;

/** One of {@link WEBHOOK_FORMATS}. */
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

/** Somebody who is told what happened. */
export interface Webhook {
  /** As the manifest names it, or `webhook N`: for messages, which never show the address. */
  readonly name: string;
  /** By which it is known in the record of what was delivered: the name, or a hash of the address as it is written. */
  readonly id: string;
  /** A secret; `null`: see `missing`. */
  readonly url: string | null;
  /** The variable that the address or a header needs and that is not set here: then it is told nothing from here. */
  readonly missing: string | null;
  readonly events: readonly WebhookEvent[];
  readonly format: WebhookFormat;
  /** Secrets, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** `null`: deliveries are not signed. */
  readonly secretRef: SecretRef | null;
  /** Of one attempt. Default 30. */
  readonly timeoutSeconds: number;
  /** Attempts after the first. Default 3. */
  readonly retryCount: number;
}
