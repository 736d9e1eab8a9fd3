import { digestHex, digestOf } from "../../model/index.ts";
import type { IssuePath } from "../issue-list.ts";
import type { Promotion } from "../schema/promotion.ts";
import { WEBHOOK_EVENTS, type Webhook } from "../webhook.ts";
import { expandVariables } from "./expand-variables.ts";
import { PATHS, type ResolveContext } from "./resolve-context.ts";
import { isLoopback } from "./resolve-registry.ts";
import { resolveSecretRef } from "./resolve-secret-ref.ts";

const DEFAULT_TIMEOUT_SECONDS = 30;
const DEFAULT_RETRIES = 3;

/** Headers that say how a message is sent, or that the deliveries set themselves. */
const RESERVED_HEADERS =
  /^(?:connection|content-length|content-type|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade|floe-event|webhook-.*)$/;

/** Resolves `artifacts.promotion.webhooks`. Addresses and headers are secrets: no message shows one. */
export function resolveWebhooks(
  context: ResolveContext,
  webhooks: NonNullable<Promotion["webhooks"]>,
): Webhook[] {
  const found: Webhook[] = [];
  const names = new Set<string>();
  for (const [index, webhook] of webhooks.entries()) {
    const path = [...PATHS.promotion, "webhooks", index];
    const missing: string[] = [];
    const here = withoutVariables(context, missing);
    const url = checkUrl(here, webhook.url, webhook.insecure ?? false, [...path, "url"]);
    const headers = checkHeaders(here, webhook.headers ?? {}, [...path, "headers"]);
    const secretRef = resolveSecretRef(context, webhook.secret_ref, [...path, "secret_ref"]);
    const id = webhook.name ?? digestHex(digestOf(webhook.url)).slice(0, 16);
    if (names.has(id))
      context.report(
        [...path, webhook.name === undefined ? "url" : "name"],
        "is that of another webhook as well; give each a name of its own",
      );
    names.add(id);
    if (url === null && missing.length === 0) continue;
    found.push({
      name: webhook.name ?? `webhook ${index + 1}`,
      id,
      url: missing.length > 0 ? null : url,
      missing: missing[0] ?? null,
      events: [...new Set(webhook.events ?? WEBHOOK_EVENTS)],
      format: webhook.format ?? "native",
      headers,
      secretRef,
      timeoutSeconds: webhook.timeout_seconds ?? DEFAULT_TIMEOUT_SECONDS,
      retryCount: webhook.retry_count ?? DEFAULT_RETRIES,
    });
  }
  return found;
}

// Whoever looks at the board, or promotes from another machine, need not have what only webhooks need.
function withoutVariables(context: ResolveContext, missing: string[]): ResolveContext {
  return {
    ...context,
    report: (path, message, extra) => {
      if (message.endsWith(" is not set")) missing.push(message);
      else context.report(path, message, extra);
    },
  };
}

function checkUrl(
  context: ResolveContext,
  text: string,
  insecure: boolean,
  path: IssuePath,
): string | null {
  const expanded = expandVariables(context, text, path);
  if (expanded === null) return null;
  const refuse = (problem: string): null => {
    context.report(path, problem);
    return null;
  };
  if (!URL.canParse(expanded)) return refuse("is no URL (not shown)");
  const url = new URL(expanded);
  if (url.protocol !== "https:" && url.protocol !== "http:")
    return refuse("must begin with https://");
  if (url.username !== "" || url.password !== "")
    return refuse("must not hold a user name or password; send them as a header");
  if (url.protocol === "http:" && !insecure && !isLoopback(url.host))
    return refuse(
      "plain http is only for this machine; write https://, or insecure: true beside it",
    );
  return url.href;
}

function checkHeaders(
  context: ResolveContext,
  headers: Readonly<Record<string, string>>,
  path: IssuePath,
): Record<string, string> {
  const checked: Record<string, string> = {};
  for (const [name, text] of Object.entries(headers)) {
    const at = [...path, name];
    const lower = name.toLowerCase();
    const value = expandVariables(context, text, at);
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/.test(name))
      context.report(at, "is no name of a header", { side: "key" });
    else if (RESERVED_HEADERS.test(lower))
      context.report(at, "is set by floe, or by the protocol", { side: "key" });
    else if (Object.hasOwn(checked, lower)) context.report(at, "is given twice", { side: "key" });
    else if (value !== null && !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      context.report(at, "holds a character that a header cannot have (not shown)");
    else if (value !== null) checked[lower] = value;
  }
  return checked;
}
