import { createHmac } from "node:crypto";
import type { DeliveryAttempt, Notifier, SecretRef, Webhook } from "@floe/core";

/** What is read of an answer, so that its connection can be used again. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** What a {@link createWebhookNotifier} is given. */
export interface WebhookNotifierOptions {
  readonly readSecret: (ref: SecretRef) => Promise<string>;
  readonly now: () => Date;
  /** Version of the program, for `user-agent`. */
  readonly version: string;
}

/**
 * Sends deliveries by HTTP POST, signed as Standard Webhooks 1.0 says (`webhook-id`, `webhook-timestamp`,
 * `webhook-signature`). Redirects are not followed: they would take the message, and its signature, somewhere that nobody has
 * configured. What is said of trouble has nothing of the address in it.
 */
export function createWebhookNotifier(options: WebhookNotifierOptions): Notifier {
  const { readSecret, now, version } = options;
  return {
    async send(webhook, { id, event, contentType, body }, { signal }) {
      if (webhook.url === null) return refused(webhook.missing ?? "it has no address");
      const timestamp = Math.floor(now().getTime() / 1000).toString();
      let key: Uint8Array | null;
      try {
        key = webhook.secretRef && keyOf(await readSecret(webhook.secretRef));
      } catch (cause) {
        return refused(cause instanceof Error ? cause.message : "its secret cannot be read");
      }
      const limit = AbortSignal.timeout(webhook.timeoutSeconds * 1000);
      try {
        const answer = await fetch(webhook.url, {
          method: "POST",
          redirect: "manual",
          signal: AbortSignal.any([signal, limit]),
          body: new Uint8Array(body),
          headers: {
            "user-agent": `floe/${version}`,
            ...webhook.headers,
            "content-type": contentType,
            "floe-event": event,
            "webhook-id": id,
            "webhook-timestamp": timestamp,
            ...(key ? { "webhook-signature": `v1,${signatureOf(key, id, timestamp, body)}` } : {}),
          },
        });
        await drain(answer);
        return judge(answer.status);
      } catch (cause) {
        signal.throwIfAborted();
        return { delivered: false, retry: true, problem: troubleOf(cause, limit, webhook) };
      }
    },
  };
}

/** The key behind a secret: of `whsec_…` the decoded rest, of anything else its bytes. */
function keyOf(secret: string): Uint8Array {
  const text = secret.trim();
  if (!text.startsWith("whsec_")) return new TextEncoder().encode(text);
  const encoded = text.slice("whsec_".length);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded))
    throw new Error("its secret begins with whsec_ and is not base64 after that");
  return Buffer.from(encoded, "base64");
}

function signatureOf(key: Uint8Array, id: string, timestamp: string, body: Uint8Array): string {
  return createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
}

function judge(status: number): DeliveryAttempt {
  if (status >= 200 && status < 300) return { delivered: true };
  if (status >= 300 && status < 400)
    return refused(`it answered ${status}: redirects are not followed`);
  const retry = status >= 500 || status === 408 || status === 429;
  return { delivered: false, retry, problem: `it answered ${status}` };
}

function refused(problem: string): DeliveryAttempt {
  return { delivered: false, retry: false, problem };
}

// Messages of the network's errors name hosts and addresses; their codes do not.
function troubleOf(cause: unknown, limit: AbortSignal, { timeoutSeconds }: Webhook): string {
  if (limit.aborted) return `no answer within ${timeoutSeconds} s`;
  const inner = (cause as { readonly cause?: { readonly code?: unknown } }).cause?.code;
  return typeof inner === "string" ? `no connection (${inner})` : "no connection";
}

async function drain({ body }: Response): Promise<void> {
  if (!body) return;
  let seen = 0;
  for await (const part of body) {
    seen += (part as Uint8Array).byteLength;
    if (seen > MAX_ANSWER_BYTES) break;
  }
}
