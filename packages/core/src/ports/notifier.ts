import type { Webhook } from "../manifest/webhook.ts";
import type { CallOptions } from "./artifact-store.ts";

/** One event for one webhook. Sent again, it has the same identifier and the same body. */
export interface Delivery {
  /** Hash of the ledger's event. */
  readonly id: string;
  /** `promote`, `lock`, … */
  readonly event: string;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** What one attempt came to. Nothing in it shows the address, a header or the secret. */
export type DeliveryAttempt =
  | { readonly delivered: true }
  | {
      readonly delivered: false;
      /** Another attempt may do better: no answer, 408, 429, or 5xx. */
      readonly retry: boolean;
      readonly problem: string;
    };

/** Tells the world about events. */
export interface Notifier {
  /** Makes one attempt, signed anew (Standard Webhooks 1.0). Trouble is an answer; only an aborted signal throws. */
  send(webhook: Webhook, delivery: Delivery, options: CallOptions): Promise<DeliveryAttempt>;
}
