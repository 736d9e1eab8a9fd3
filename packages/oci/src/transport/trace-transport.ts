import { isFloeError } from "@floe/core/errors";
import type { Telemetry } from "@floe/core/ports";
import { FACTS } from "@floe/core/telemetry";
import type { Transport } from "./create-transport.ts";
import type { HttpRequest } from "./http-message.ts";

/**
 * Makes every request a span by the conventions for HTTP clients, and measures it until the answer's headers. What is said of an
 * address is what cannot be a secret: no user, no query, no session of an upload, and of other hosts than the registry no path.
 * Requests carry no `traceparent`: a registry, and whoever it leads to, has no use for it.
 */
export function traceTransport(
  transport: Transport,
  registry: URL,
  telemetry: Telemetry,
): Transport {
  async function send(request: HttpRequest) {
    const { method, url } = request;
    const facts = {
      [FACTS.method]: method,
      [FACTS.address]: url.hostname,
      [FACTS.port]: portOf(url),
    };
    const started = performance.now();
    let ended: Readonly<Record<string, string | number>> = {};
    try {
      return await telemetry.span(
        method,
        { ...facts, [FACTS.url]: shownAddress(url, registry) },
        async (span) => {
          const answer = await transport.send(request);
          ended = { [FACTS.status]: answer.status };
          span.add(ended);
          if (answer.status >= 400) {
            ended = { ...ended, [FACTS.errorType]: String(answer.status) };
            // That something is not there, or that a login is needed first, is an answer as good as any.
            if (answer.status !== 404 && answer.status !== 401) span.fail(String(answer.status));
          }
          return answer;
        },
        "client",
      );
    } catch (error) {
      ended = { [FACTS.errorType]: isFloeError(error) ? error.code : "ABORTED" };
      throw error;
    } finally {
      const seconds = (performance.now() - started) / 1000;
      telemetry.measure("http.client.request.duration", seconds, { ...facts, ...ended });
    }
  }

  return { timeouts: transport.timeouts, send, close: () => transport.close() };
}

/** The port of an address, also where it is that of the scheme. */
export function portOf(url: URL): number {
  if (url.port !== "") return Number(url.port);
  return url.protocol === "https:" ? 443 : 80;
}

/** An address as it may be shown to whoever reads traces. */
function shownAddress(url: URL, registry: URL): string {
  if (url.origin !== registry.origin) return `${url.origin}/…`;
  const path = url.pathname.replace(/(\/blobs\/uploads\/).+$/, "$1…");
  return `${url.origin}${path}`;
}
