import type { Answer } from "./answer.ts";

/** What goes wrong. */
export type FaultAction =
  /** Closes the connection before anything is applied. */
  | { readonly kind: "drop" }
  /** Applies the request, then closes the connection without an answer. */
  | { readonly kind: "drop-answer" }
  /** Waits before the request is handled. */
  | { readonly kind: "delay"; readonly milliseconds: number }
  /** Waits until this settles before the request is handled. */
  | { readonly kind: "hold"; readonly until: Promise<unknown> }
  /** Never answers; the request is not applied. */
  | { readonly kind: "stall" }
  /** Reads nothing of the request's body and never answers. */
  | { readonly kind: "stall-upload" }
  /** Announces the whole body and closes the connection after `bytes` of it (default half). */
  | { readonly kind: "truncate"; readonly bytes?: number }
  /** Announces the whole body, sends `bytes` of it (default half) and then nothing more. */
  | { readonly kind: "stall-body"; readonly bytes?: number }
  /** Flips the lowest bit of the body's byte at `at` (default the middle). */
  | { readonly kind: "flip-byte"; readonly at?: number }
  /** Another `Docker-Content-Digest` than the body's; `null` leaves the header out. */
  | { readonly kind: "content-digest"; readonly digest: string | null }
  /** Adds or replaces answer headers. */
  | { readonly kind: "headers"; readonly headers: Readonly<Record<string, string>> }
  /** Answers this instead; with `apply` the request is applied first. */
  | {
      readonly kind: "status";
      readonly status: number;
      /** Sent as `Retry-After`: seconds or an HTTP date. */
      readonly retryAfter?: number | string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
      readonly apply?: boolean;
    };

/** The requests that a fault is for. */
export type FaultMatch =
  | { readonly method?: string; readonly path?: RegExp | string }
  | ((request: { readonly method: string; readonly path: string }) => boolean);

/** Something to go wrong. */
export interface Fault {
  readonly match: FaultMatch;
  readonly action: FaultAction;
  /** How many matching requests it hits. Default 1. */
  readonly times?: number;
  /** How many matching requests pass first. Default 0. */
  readonly after?: number;
}

/** The faults that wait for their requests. The first that matches is used. */
export interface FaultQueue {
  add(fault: Fault): void;
  clear(): void;
  /** Faults that were not used up. */
  readonly pending: number;
  take(request: { readonly method: string; readonly path: string }): FaultAction | null;
}

function matches(
  match: FaultMatch,
  request: { readonly method: string; readonly path: string },
): boolean {
  if (typeof match === "function") return match(request);
  if (match.method !== undefined && match.method !== request.method) return false;
  if (match.path === undefined) return true;
  return typeof match.path === "string"
    ? request.path === match.path
    : match.path.test(request.path);
}

/** Makes an empty queue. */
export function createFaultQueue(): FaultQueue {
  let waiting: { fault: Fault; skip: number; left: number }[] = [];
  return {
    add(fault) {
      waiting.push({ fault, skip: fault.after ?? 0, left: fault.times ?? 1 });
    },
    clear() {
      waiting = [];
    },
    get pending() {
      return waiting.length;
    },
    take(request) {
      for (const entry of waiting) {
        if (!matches(entry.fault.match, request)) continue;
        if (entry.skip > 0) {
          entry.skip -= 1;
          continue;
        }
        entry.left -= 1;
        if (entry.left <= 0) waiting = waiting.filter((other) => other !== entry);
        return entry.fault.action;
      }
      return null;
    },
  };
}

/** Changes a finished answer as the fault says. */
export function distort(given: Answer, action: FaultAction): Answer {
  switch (action.kind) {
    case "flip-byte": {
      const body = Uint8Array.from(given.body);
      const at = action.at ?? Math.floor(body.length / 2);
      const byte = body[at];
      if (byte !== undefined) body[at] = byte ^ 1;
      return { ...given, body };
    }
    case "content-digest": {
      const { "docker-content-digest": _, ...headers } = given.headers;
      return {
        ...given,
        headers:
          action.digest === null ? headers : { ...headers, "docker-content-digest": action.digest },
      };
    }
    case "headers":
      return { ...given, headers: { ...given.headers, ...action.headers } };
    case "status": {
      const body = action.body ?? "";
      return {
        status: action.status,
        headers: {
          ...(action.retryAfter === undefined ? {} : { "retry-after": String(action.retryAfter) }),
          ...action.headers,
        },
        body: typeof body === "string" ? new TextEncoder().encode(body) : body,
      };
    }
    case "drop":
    case "drop-answer":
    case "delay":
    case "hold":
    case "stall":
    case "stall-upload":
    case "truncate":
    case "stall-body":
      return given;
  }
}
