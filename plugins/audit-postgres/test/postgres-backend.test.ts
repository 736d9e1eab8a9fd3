import { execFileSync } from "node:child_process";
import { createServer, type Server } from "node:net";
import { fileURLToPath } from "node:url";
import type { AuditBackend, AuditBackendError } from "@floe/core/plugin";
import { afterEach, describe, expect, test } from "vitest";
import { createPostgresBackend } from "../src/postgres-backend.ts";
import { asStoreError, isUndone } from "../src/store-error.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function listen(onConnection: (socket: import("node:net").Socket) => void): Promise<number> {
  const server: Server = createServer((socket) => {
    closing.push(() => socket.destroy());
    socket.on("error", () => undefined);
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => server.close());
  return (server.address() as { port: number }).port;
}

async function open(url: string, secrets: Record<string, string> = {}): Promise<AuditBackend> {
  const readSecret = async (ref: string) => secrets[ref] ?? Promise.reject(new Error(`no ${ref}`));
  const backend = await createPostgresBackend(
    { url: { is: url }, passwordRef: null, caRef: null, schema: "floe" },
    { readSecret },
  );
  closing.push(() => backend[Symbol.asyncDispose]?.());
  return backend;
}

async function failure(promise: Promise<unknown>): Promise<AuditBackendError> {
  return await promise.then(
    () => expect.unreachable("it did not fail"),
    (error: unknown) => error as AuditBackendError,
  );
}

const bytes = new TextEncoder().encode("{}");
const call = (ms = 10_000) => ({ signal: AbortSignal.timeout(ms) });

describe("a server", () => {
  test("that is not there is unavailable, and named without user and password", async () => {
    const port = await listen(() => undefined);
    for (const close of closing.splice(0)) await close();
    const backend = await open(`postgres://floe:hunter2@127.0.0.1:${port}/audit`);

    const error = await failure(backend.claim("c", 0, bytes, call()));

    expect(error).toMatchObject({ failure: "unavailable" });
    expect(error.message).toContain(
      `postgres://127.0.0.1:${port}/audit?schema=floe: connect ECONNREFUSED`,
    );
    expect(error.indeterminate).toBeUndefined();
    expect(JSON.stringify([error.message, error.hint, backend.location])).not.toContain("hunter2");
  });

  test("that takes connections and never answers ends each call when its signal says so", async () => {
    const port = await listen(() => undefined);
    const backend = await open(`postgres://floe@127.0.0.1:${port}/audit`);
    const begun = performance.now();
    // More than it makes connections: none waits for another for ever.
    const asked = Array.from({ length: 6 }, (_, seq) =>
      failure(backend.claim("c", seq, bytes, call(300))),
    );
    for (const error of await Promise.all(asked)) expect(error.name).toBe("TimeoutError");
    expect(performance.now() - begun).toBeLessThan(2000);
  });

  test("that never answers is given up before floe's own deadline, which would not know why", async () => {
    const port = await listen(() => undefined);
    const backend = await open(`postgres://floe@127.0.0.1:${port}/audit`);
    const error = await failure(backend.head("c", call()));
    expect(error).toMatchObject({ failure: "unavailable" });
    expect(error.message).toContain("timeout");
  }, 9000);

  test("that speaks another protocol is unavailable", async () => {
    const port = await listen((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    const backend = await open(`postgres://floe@127.0.0.1:${port}/audit`);
    expect(await failure(backend.head("c", call()))).toMatchObject({ failure: "unavailable" });
  });

  test("without TLS gets nothing sent when TLS is asked for", async () => {
    const got: Buffer[] = [];
    const port = await listen((socket) =>
      socket.on("data", (chunk) => {
        got.push(chunk);
        socket.write("N");
      }),
    );
    const backend = await open(
      `postgres://floe:hunter2@127.0.0.1:${port}/audit?sslmode=verify-full`,
    );

    const error = await failure(backend.claim("c", 0, bytes, call()));

    expect(error.message).toContain("does not support SSL");
    expect(error.hint).toContain("sslmode=disable");
    // The eight bytes that ask for TLS.
    expect(Buffer.concat(got)).toHaveLength(8);
  });
});

test("a secret that is no URL of a database is refused without being shown", async () => {
  const config = { url: { ref: "env:URL" }, passwordRef: null, caRef: null, schema: "floe" };
  const readSecret = async () => "mysql://floe:hunter2@db/audit";
  const error = await failure(createPostgresBackend(config, { readSecret }));
  expect(error.failure).toBe("refused");
  expect(error.message).not.toContain("hunter2");
});

test.each([
  ["28P01", "unauthenticated"],
  ["28000", "unauthenticated"],
  ["25006", "denied"],
  ["42501", "denied"],
  ["3D000", "unavailable"],
  ["53100", "unavailable"],
  ["53300", "unavailable"],
  ["57P03", "unavailable"],
  ["57014", "unavailable"],
  ["42P01", "corrupt"],
  ["XX001", "corrupt"],
  ["FL001", "refused"],
  ["FL002", "corrupt"],
  ["22021", "refused"],
  ["99999", "unavailable"],
])("SQLSTATE %s is %s", (code, expected) => {
  const cause = Object.assign(new Error("why"), { code, severity: "ERROR" });
  expect(asStoreError(cause, "there")).toMatchObject({ failure: expected, message: "there: why" });
  expect(isUndone(cause)).toBe(true);
});

test.each([
  ["a session that the server has ended", { code: "57P01", severity: "FATAL" }],
  ["a connection that was reset", { code: "ECONNRESET" }],
  ["a connection that ended", {}],
  ["a server that was silent", { message: "Query read timeout" }],
])("after %s it is not known whether the event was stored", (_, members) => {
  expect(isUndone(Object.assign(new Error("gone"), members))).toBe(false);
});

test("the driver is loaded by the first call, and not by whoever only opens the backend", () => {
  const index = fileURLToPath(new URL("../src/index.ts", import.meta.url));
  const program = `
    const { default: { _cache: loaded } } = await import("node:module");
    const isLoaded = () => Object.keys(loaded).some((path) => path.includes("/pg/lib/"));
    const { default: plugin } = await import(${JSON.stringify(index)});
    const [provider] = plugin.auditBackends;
    const { value } = await provider.config["~standard"].validate({ url: "postgres://floe@127.0.0.1:1/audit" });
    const backend = await provider.open(value, { readSecret: async () => "" });
    const before = isLoaded();
    await backend.head("c", { signal: AbortSignal.timeout(9000) }).catch(() => undefined);
    process.stdout.write(JSON.stringify([before, isLoaded()]));
  `;
  const args = ["--conditions=@floe/source", "--input-type=module", "-e", program];
  expect(execFileSync(process.execPath, args, { encoding: "utf8" })).toBe("[false,true]");
});
