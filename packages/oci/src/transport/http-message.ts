import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

/** A request body: bytes, or a stream of known size that can be opened again. */
export type HttpBody =
  | Uint8Array
  | { readonly size: number; readonly open: () => AsyncIterable<Uint8Array> };

/** One HTTP request. Redirects are not followed by the transport. */
export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: HttpBody;
  readonly signal: AbortSignal;
  /** Use a connection of its own, after bytes came wrong over a shared one. */
  readonly fresh?: boolean;
  /** The answer's body is handed out as it comes, and may take as long as whoever reads it. */
  readonly streamed?: boolean;
}

/** Status and headers of an answer; the body is still to be read. */
export interface HttpAnswer {
  readonly method: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly stream: IncomingMessage;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  /** The request's method and address, without query: for messages. */
  readonly label: string;
  /** What was sent besides the registry's credentials and must not be repeated: the address's query, a proxy's password. */
  readonly secrets: readonly string[];
}

/** Names a request in messages. The query is left out: signed URLs carry secrets there. */
export function labelOf(method: string, url: URL): string {
  return `${method} ${url.origin}${url.pathname}`;
}
