// Serves what runs where, and what a promotion would come to: node server.ts MANIFEST PORT
import { type Floe, isFloeError, type OperationOutcome } from "@floe/core";
import fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { openFloe } from "./open-floe.ts";

/** How long a request may take, gates included. */
const LIMIT_MS = 60_000;

/** HTTP statuses of floe's exit codes; any other is trouble that is not the caller's. */
const STATUSES: Readonly<Record<number, number>> = { 2: 400, 3: 404, 4: 502, 5: 503 };

/** Makes the service for a manifest. It has no state: whatever it says is read from the registry. */
export function createServer(manifestPath: string): FastifyInstance {
  const server = fastify();

  server.setErrorHandler((error, _, reply) => {
    if (!isFloeError(error)) return reply.send(error);
    const { code, message, hint, exitCode } = error;
    return reply.status(STATUSES[exitCode] ?? 500).send({ code, message, hint });
  });

  server.get("/environments", (_, reply) =>
    withFloe(manifestPath, reply, async (floe, signal) => await floe.status({}, { signal })),
  );

  server.post<{ Params: { readonly environment: string }; Body: { readonly version: string } }>(
    "/environments/:environment/plans",
    {
      schema: {
        body: {
          type: "object",
          properties: { version: { type: "string" } },
          required: ["version"],
        },
      },
    },
    ({ params, body }, reply) =>
      withFloe(manifestPath, reply, async (floe, signal) => {
        const request = { version: body.version, to: params.environment, dryRun: true };
        return planJson(await floe.promote(request, { signal }));
      }),
  );

  return server;
}

function planJson(outcome: OperationOutcome) {
  const blocking = outcome.kind === "blocked" ? outcome.blocking : [];
  const gates = outcome.plan?.gates ?? [];
  return {
    outcome: outcome.kind,
    blocking: blocking.map(({ code, message, hint }) => ({ code, message, hint })),
    gates: gates.map(({ gate, status, summary }) => ({ gate, status, summary })),
  };
}

// One floe per request, which ends with it: whoever hangs up stops the gates that run for them.
async function withFloe<Result>(
  manifestPath: string,
  reply: FastifyReply,
  work: (floe: Floe, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(LIMIT_MS)]);
  await using floe = await openFloe(manifestPath, signal);
  return await work(floe, signal);
}

if (import.meta.main) {
  const [manifestPath = "manifest.yaml", port = "0"] = process.argv.slice(2);
  const server = createServer(manifestPath);
  console.log(await server.listen({ host: "127.0.0.1", port: Number(port) }));
  process.once("SIGTERM", () => void server.close());
}
