import { createHash, generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  fulcioHandler,
  initializeCA,
  initializeCTLog,
  initializeTLog,
  initializeTSA,
} from "@sigstore/mock";
import { certificateRequest } from "./certificate-request.ts";
import { loggedEntry } from "./logged-entry.ts";
import { readTimestampQuery } from "./timestamp-query.ts";

/** How the services of a sigstore instance behave. */
export interface SigstoreOptions {
  /** Certificates are put into a certificate log. Default `true`. */
  readonly withSct?: boolean;
  /** When certificates begin to be valid, for ten minutes. Default: now. */
  readonly certificatesFrom?: Date;
}

/** An answer that a service gives in place of its own. */
export interface SigstoreFault {
  readonly status: number;
  readonly body: string;
}

/** A sigstore instance on 127.0.0.1: certificate authority, both logs and a timestamp authority. */
export interface TestSigstore extends AsyncDisposable {
  /** Base URL of all services, `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** `trusted_root.json` of this instance. */
  readonly trustedRoot: string;
  /** `signing_config.json` for cosign, with the services to be used. */
  signingConfig(services?: { readonly log?: boolean; readonly timestamps?: boolean }): string;
  /** Paths that were asked for, with the method, in order. */
  readonly requests: readonly string[];
  /** Lets every request to a path fail that way from now on; `null`: no longer. */
  fail(path: string, fault: SigstoreFault | null): void;
}

const PATHS = {
  fulcio: "/api/v2/signingCert",
  rekor: "/api/v1/log/entries",
  tsa: "/api/v1/timestamp",
};

const newKeys = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const base64 = (view: ArrayBufferView): string =>
  Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString("base64");

/** Starts a sigstore instance with keys of its own. */
export async function startSigstore(options: SigstoreOptions = {}): Promise<TestSigstore> {
  const requests: string[] = [];
  const faults = new Map<string, SigstoreFault>();
  const services = new Map<string, (body: Buffer, request: IncomingMessage) => Promise<Reply>>();
  const server = createServer((request, response) => {
    answer(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const ctLog = await initializeCTLog(newKeys());
  const ca = await initializeCA(
    newKeys(),
    options.withSct === false ? undefined : ctLog,
    options.certificatesFrom,
  );
  const tLog = await initializeTLog(url, newKeys());
  // Whole seconds, as real authorities stamp: of a fraction sigstore-js reads three digits, and DER drops its zeros.
  const stampClock = new Date();
  const tsa = await initializeTSA(newKeys(), stampClock);
  const issue = fulcioHandler(ca).fn;

  services.set(PATHS.fulcio, async (body, request) => {
    const asked = certificateRequest(body.toString("utf8"), request.headers.authorization);
    const reply = await issue(asked.body);
    // cosign wants 200, and everybody else takes it.
    return { status: reply.statusCode === 201 ? 200 : reply.statusCode, body: reply.response };
  });
  const logged = new Map<string, string>();
  services.set(PATHS.rekor, async (body) => {
    const proposed = loggedEntry(body.toString("utf8"));
    const hash = createHash("sha256").update(JSON.stringify(proposed)).digest("hex");
    // What is in the log is there once.
    const before = logged.get(hash);
    if (before !== undefined)
      return { status: 409, body: "{}", headers: { location: `${PATHS.rekor}/${before}` } };
    const entry = await tLog.log(proposed);
    const [uuid = ""] = Object.keys(entry);
    logged.set(hash, uuid);
    const reply = { status: 201, body: JSON.stringify(entry) };
    services.set(`${PATHS.rekor}/${uuid}`, async () => ({ ...reply, status: 200 }));
    // cosign reads the entry's name from the header, and ends with a panic without it.
    return { ...reply, headers: { etag: uuid } };
  });
  services.set(PATHS.tsa, async (body, request) => {
    stampClock.setTime(Math.floor(Date.now() / 1000) * 1000);
    const stamp = await tsa.timestamp(readTimestampQuery(body, request.headers["content-type"]));
    return { status: 201, body: stamp, headers: { "content-type": "application/timestamp-reply" } };
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url ?? "/";
    requests.push(`${request.method} ${path}`);
    const reply = faults.get(path) ??
      (await services.get(path)?.(Buffer.concat(chunks), request)) ?? { status: 404, body: "" };
    const type = { "content-type": "application/json" };
    response.writeHead(reply.status, { ...type, ...("headers" in reply ? reply.headers : {}) });
    response.end(
      typeof reply.body === "string" ? reply.body : Buffer.from(base64(reply.body), "base64"),
    );
  }

  // A minute back, so that no rounding of times makes anything too early.
  const start = new Date(Date.now() - 60_000).toISOString();
  const validFor = { start: (options.certificatesFrom ?? new Date(start)).toISOString() };
  const log = (publicKey: Buffer) => ({
    baseUrl: url,
    hashAlgorithm: "SHA2_256",
    publicKey: {
      rawBytes: publicKey.toString("base64"),
      keyDetails: "PKIX_ECDSA_P256_SHA_256",
      validFor,
    },
    logId: { keyId: createHash("sha256").update(publicKey).digest("base64") },
  });
  const authority = (commonName: string, certificates: readonly ArrayBufferView[]) => ({
    subject: { organization: "sigstore.mock", commonName },
    uri: url,
    certChain: { certificates: certificates.map((der) => ({ rawBytes: base64(der) })) },
    validFor,
  });
  const trustedRoot = {
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [log(tLog.publicKey)],
    certificateAuthorities: [authority("sigstore", [ca.rootCertificate])],
    ctlogs: [log(ctLog.publicKey)],
    timestampAuthorities: [authority("tsa", [tsa.intCertificate, tsa.rootCertificate])],
  };

  return {
    url,
    requests,
    trustedRoot: JSON.stringify(trustedRoot, null, 2),
    signingConfig({ log: logs = true, timestamps = true } = {}) {
      const service = [{ url, majorApiVersion: 1, validFor: { start }, operator: "floe" }];
      return JSON.stringify({
        mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
        caUrls: service,
        oidcUrls: service,
        rekorTlogUrls: logs ? service : [],
        tsaUrls: timestamps ? [{ ...service[0], url: `${url}${PATHS.tsa}` }] : [],
        rekorTlogConfig: logs ? { selector: "ANY" } : {},
        tsaConfig: timestamps ? { selector: "ANY" } : {},
      });
    },
    fail(path, fault) {
      if (fault === null) faults.delete(path);
      else faults.set(path, fault);
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Reply {
  readonly status: number;
  readonly body: string | ArrayBufferView;
  readonly headers?: Readonly<Record<string, string>>;
}
