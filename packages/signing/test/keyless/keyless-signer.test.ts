import { parseCanonicalJson } from "@floe/core/model";
import { startSigstore, unsignedToken } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { createKeylessSigner, createVerifier } from "../../src/index.ts";
import {
  claims,
  engineOf,
  ISSUER,
  STATEMENT,
  SUBJECT,
  servicesOf,
  signerOf,
  tokensOf,
  trust,
} from "./keyless-loop.ts";

const call = { signal: AbortSignal.timeout(60_000) };
const PATHS = {
  fulcio: "/api/v2/signingCert",
  rekor: "/api/v1/log/entries",
  tsa: "/api/v1/timestamp",
};

interface BundleJson {
  readonly mediaType: string;
  readonly dsseEnvelope: { readonly signatures: readonly Readonly<Record<string, unknown>>[] };
}

describe("createKeylessSigner", () => {
  test("knows who signs without asking any service", async () => {
    await using sigstore = await startSigstore();
    const { signer } = await signerOf(sigstore);
    expect(signer).toEqual({ method: "keyless", issuer: ISSUER, subject: SUBJECT });
    expect(sigstore.requests).toEqual([]);
  });

  test("signs as cosign 3 does: version 0.3, canonical JSON, no key id, and it verifies", async () => {
    await using sigstore = await startSigstore();
    const bundle = await (await signerOf(sigstore)).sign(STATEMENT, call);
    const json = parseCanonicalJson(bundle) as unknown as BundleJson;
    expect(json.mediaType).toBe("application/vnd.dev.sigstore.bundle.v0.3+json");
    expect(Object.keys(json.dsseEnvelope.signatures[0] ?? {})).toEqual(["sig"]);
    expect(sigstore.requests).toEqual(Object.values(PATHS).map((path) => `POST ${path}`));
    const verifier = createVerifier({ keyless: await engineOf(sigstore.trustedRoot) });
    const verdict = verifier.verifyBundle(bundle, [trust()]);
    expect(verdict).toMatchObject({
      ok: true,
      name: "ci",
      signer: { method: "keyless", issuer: ISSUER, subject: SUBJECT },
      logged: true,
    });
    if (!verdict.ok) throw new Error("verified above");
    expect(Buffer.from(verdict.statement)).toEqual(Buffer.from(STATEMENT));
    expect(Math.abs((verdict.time?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  test("goes without a log, or without timestamps, where there are none", async () => {
    await using sigstore = await startSigstore();
    const keyless = await engineOf(sigstore.trustedRoot);
    const verifier = createVerifier({ keyless });
    const logged = await (await signerOf(sigstore, { services: { tsaUrl: null } })).sign(
      STATEMENT,
      call,
    );
    expect(verifier.verifyBundle(logged, [trust()])).toMatchObject({ ok: true, logged: true });
    const stamped = await (await signerOf(sigstore, { services: { rekorUrl: null } })).sign(
      STATEMENT,
      call,
    );
    expect(verifier.verifyBundle(stamped, [trust()])).toMatchObject({
      ok: false,
      code: "TLOG_MISSING",
    });
    const relaxed = verifier.verifyBundle(stamped, [trust({ requireRekor: false })]);
    expect(relaxed).toMatchObject({ ok: true, logged: false, time: expect.any(Date) });
    // One who needs the log does not get by because of one who does not.
    const both = [trust(), trust({ name: "relaxed", requireRekor: false, subject: "nobody" })];
    expect(verifier.verifyBundle(stamped, both)).toMatchObject({ ok: false, code: "TLOG_MISSING" });
  });

  test.each([
    ["a verified address", { email: "a@acme.example", email_verified: true }, "a@acme.example"],
    ["an address that is verified in words", { email: "a@b.c", email_verified: "true" }, "a@b.c"],
    ["a subject", {}, "repo:acme/app:ref:refs/tags/v1.2.3"],
    [
      "a pipeline of GitLab",
      {
        iss: "https://gitlab.com",
        ci_config_ref_uri: "gitlab.com/a/b//.gitlab-ci.yml@refs/heads/m",
      },
      "https://gitlab.com/a/b//.gitlab-ci.yml@refs/heads/m",
    ],
    [
      "a workflow of an enterprise of GitHub",
      { iss: `${ISSUER}/acme`, job_workflow_ref: "acme/a/.github/workflows/x.yml@refs/heads/m" },
      "https://github.com/acme/a/.github/workflows/x.yml@refs/heads/m",
    ],
  ])("takes %s for the subject, as the authority does", async (_, changes, subject) => {
    await using sigstore = await startSigstore();
    const token = claims({
      iss: "https://login.acme.example",
      job_workflow_ref: undefined,
      ...changes,
    });
    const signer = await signerOf(sigstore, { token });
    expect(signer.signer).toMatchObject({ issuer: token["iss"], subject });
    const verifier = createVerifier({ keyless: await engineOf(sigstore.trustedRoot) });
    const trusted = trust({ issuer: String(token["iss"]), subject });
    expect(verifier.verifyBundle(await signer.sign(STATEMENT, call), [trusted]).ok).toBe(true);
  });

  test("names who really logged somebody in where a login stands before others", async () => {
    await using sigstore = await startSigstore();
    const token = claims({
      iss: "https://oauth2.sigstore.dev/auth",
      email: "a@acme.example",
      email_verified: true,
      federated_claims: { connector_id: "https://accounts.google.com" },
    });
    const { signer } = await signerOf(sigstore, { token });
    expect(signer).toMatchObject({
      issuer: "https://accounts.google.com",
      subject: "a@acme.example",
    });
  });

  test("refuses a certificate for somebody else than the token", async () => {
    await using sigstore = await startSigstore();
    // The authority of the tests knows nothing of federated logins.
    const token = claims({ federated_claims: { connector_id: "https://accounts.google.com" } });
    const signer = await signerOf(sigstore, { token });
    await expect(signer.sign(STATEMENT, call)).rejects.toMatchObject({
      code: "FLOE_SIGNING_SERVICE_FAILED",
      message: expect.stringContaining("https://accounts.google.com"),
    });
  });

  test("refuses a certificate that is in no certificate log", async () => {
    await using sigstore = await startSigstore({ withSct: false });
    await expect((await signerOf(sigstore)).sign(STATEMENT, call)).rejects.toMatchObject({
      code: "FLOE_SIGNING_SERVICE_FAILED",
      message: expect.stringContaining("certificate log"),
    });
  });

  test("fetches an expired token again, and refuses another subject", async () => {
    await using sigstore = await startSigstore();
    let now = Date.now();
    const soon = Math.floor(now / 1000) + 60;
    const later = soon + 3600;
    const tokens = tokensOf(
      unsignedToken(claims({ exp: soon })),
      unsignedToken(claims({ exp: later })),
      unsignedToken(claims({ exp: later + 7200, job_workflow_ref: "mallory/app/x@refs/heads/m" })),
    );
    const signer = await createKeylessSigner({
      tokens,
      services: servicesOf(sigstore),
      now: () => new Date(now),
      ...call,
    });
    await signer.sign(STATEMENT, call);
    expect(tokens.calls).toBe(1);
    now += 50_000;
    await signer.sign(STATEMENT, call);
    expect(tokens.calls).toBe(2);
    now += 3600_000;
    await expect(signer.sign(STATEMENT, call)).rejects.toMatchObject({
      code: "FLOE_IDENTITY_TOKEN_INVALID",
      message: expect.stringContaining("mallory"),
    });
  });

  test.each([
    ["nothing", ""],
    ["no token", "secret-that-is-no-token"],
    ["a token of two parts", "c2VjcmV0.c2VjcmV0"],
    ["a token that holds no JSON", `e30.${Buffer.from("secret").toString("base64url")}.x`],
    ["a token for somebody else", unsignedToken(claims({ aud: "https://secret.example" }))],
    ["a token without an issuer", unsignedToken(claims({ iss: undefined }))],
    ["a token that never expires", unsignedToken(claims({ exp: undefined }))],
    ["an expired token", unsignedToken(claims({ exp: 1_700_000_000 }))],
    ["a token that is about to expire", unsignedToken(claims({ exp: Date.now() / 1000 + 5 }))],
    [
      "an address that nobody verified",
      unsignedToken(
        claims({ iss: "https://i.example", job_workflow_ref: undefined, email: "a@b.c" }),
      ),
    ],
    ["a token of nobody", unsignedToken(claims({ job_workflow_ref: undefined, sub: undefined }))],
    ["far too much", "a".repeat(100_000)],
  ])("refuses %s, and shows nothing of it", async (_, token) => {
    const services = servicesOf({ url: "http://127.0.0.1:9" });
    const making = createKeylessSigner({
      tokens: tokensOf(token),
      services,
      now: () => new Date(),
      ...call,
    });
    const error = await making.catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "FLOE_IDENTITY_TOKEN_INVALID" });
    for (const part of token.split(".").filter((one) => one.length > 4))
      expect(String((error as Error).message)).not.toContain(part);
  });

  test.each([
    [PATHS.fulcio, "certificate authority"],
    [PATHS.rekor, "transparency log"],
    [PATHS.tsa, "timestamp authority"],
  ])("says which service refused: %s", async (path, service) => {
    await using sigstore = await startSigstore();
    sigstore.fail(path, { status: 400, body: '{"message":"not \\u001b[31mtoday"}' });
    const error = await (await signerOf(sigstore)).sign(STATEMENT, call).catch((cause) => cause);
    expect(error).toMatchObject({ code: "FLOE_SIGNING_SERVICE_FAILED" });
    expect(error.message).toContain(service);
    expect(error.message).toContain("answered 400");
    expect(error.message).toContain("today");
    expect(error.message).not.toContain("\u001b");
  });

  test("says nothing that a service says of the token", async () => {
    await using sigstore = await startSigstore();
    const token = unsignedToken(claims());
    sigstore.fail(PATHS.fulcio, {
      status: 400,
      body: JSON.stringify({ message: `bad: ${token}` }),
    });
    const signer = await createKeylessSigner({
      tokens: tokensOf(token),
      services: servicesOf(sigstore),
      now: () => new Date(),
      ...call,
    });
    const error = await signer.sign(STATEMENT, call).catch((cause) => cause);
    expect(error.message).toContain("answered 400");
    expect(`${error.message}${error.hint}${JSON.stringify(error.details)}`).not.toContain(token);
  });

  test.each([
    [PATHS.fulcio, "{}"],
    [PATHS.fulcio, "no JSON"],
    [PATHS.rekor, "{}"],
    [PATHS.rekor, '{"a":{},"b":{}}'],
  ])("refuses something else than asked, in floe's own words: %s %s", async (path, body) => {
    await using sigstore = await startSigstore();
    sigstore.fail(path, { status: 201, body });
    const error = await (await signerOf(sigstore)).sign(STATEMENT, call).catch((cause) => cause);
    expect(error).toMatchObject({ code: "FLOE_SIGNING_SERVICE_FAILED" });
    expect(error.message).not.toMatch(/undefined|Cannot read|JSON at|Unexpected/);
  });

  test("says that a service cannot be reached", async () => {
    const signer = await signerOf({ url: "http://127.0.0.1:9" });
    await expect(signer.sign(STATEMENT, call)).rejects.toMatchObject({
      code: "FLOE_SIGNING_SERVICE_FAILED",
      message: expect.stringContaining("cannot be reached"),
    });
  });

  test("stops waiting when it is aborted", async () => {
    await using sigstore = await startSigstore();
    sigstore.fail(PATHS.fulcio, { status: 500, body: "" });
    const signer = await signerOf(sigstore);
    const signal = AbortSignal.timeout(100);
    await expect(signer.sign(STATEMENT, { signal })).rejects.toThrow("timeout");
  });
});
