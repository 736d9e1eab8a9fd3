/** An answer of the test registry, complete in memory so that faults can change it before it is sent. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** A request as the handlers see it. */
export interface RegistryRequest {
  readonly method: string;
  /** Decoded path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

/**
 * What a handler decided. `apply` is synchronous, so that checking and applying are one step and an immutable tag
 * has exactly one winner; a handler that only reads has no `apply`.
 */
export type Decision =
  | { readonly kind: "answer"; readonly answer: Answer }
  | { readonly kind: "write"; readonly apply: () => Answer };

const encoder = new TextEncoder();

/** An answer with a body of text or bytes. */
export function answer(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body: Uint8Array | string = "",
): Answer {
  return { status, headers, body: typeof body === "string" ? encoder.encode(body) : body };
}

/** An answer with a JSON body. */
export function jsonAnswer(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return answer(status, { "content-type": "application/json", ...headers }, JSON.stringify(value));
}

/** An error answer in the form of the distribution specification ("Error Codes"). */
export function errorAnswer(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return jsonAnswer(status, { errors: [{ code, message }] }, headers);
}

/** Wraps an answer that changes nothing. */
export function reply(given: Answer): Decision {
  return { kind: "answer", answer: given };
}
