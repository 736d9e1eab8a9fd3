import { createPublicKey } from "node:crypto";
import { bundleFromJSON } from "@sigstore/bundle";
import type { X509Certificate } from "@sigstore/core";
import {
  type SignedEntity,
  type TrustMaterial,
  toSignedEntity,
  VerificationError,
  Verifier,
} from "@sigstore/verify";
import type { BundleProblem, ParsedBundle } from "../bundle/parse-bundle.ts";
import { readCertificate } from "./certificate.ts";
import { explainCertificate } from "./explain-certificate.ts";
import type { Evidence, KeylessEngine, KeylessProof } from "./keyless-engine.ts";

/**
 * Makes the functions that verify against one trusted root. Time is only what logs and authorities say; the clock of this
 * machine is never asked. No part of a policy goes into the library: its own policy takes identities for unanchored patterns.
 */
export function createProver(material: TrustMaterial): Pick<KeylessEngine, "prove" | "evidenceOf"> {
  // The same checks twice, with and without a log; `timestampThreshold` counts log entries and RFC 3161 timestamps.
  const thresholds = { ctlogThreshold: 1, timestampThreshold: 1 };
  const withLog = new Verifier(material, { ...thresholds, tlogThreshold: 1 });
  const withoutLog = new Verifier(material, { ...thresholds, tlogThreshold: 0 });

  return {
    prove(bundle, { requireRekor, message }) {
      if (bundle.material.kind !== "certificate")
        return refused("WRONG_MATERIAL", "signed with a key");
      const leaf = readCertificate(bundle.material.der);
      if (!leaf.ok) return refused("MALFORMED_BUNDLE", leaf.reason);
      const { certificate } = leaf;
      if (requireRekor && bundle.logEntries === 0)
        return refused("TLOG_MISSING", "it has no entry of a transparency log");
      const read = toEntity(bundle, message);
      if (read === null) return refused("MALFORMED_BUNDLE", "its parts cannot be read");
      const { entity, times } = read;
      if (times.length === 0)
        return refused(
          "TIMESTAMP_MISSING",
          "nobody says when it was made: it has neither a log's promise nor a timestamp (RFC 3161)",
        );
      if (!certificate.hasSct)
        return refused("SCT_MISSING", "its certificate was not put into a certificate log");
      try {
        (requireRekor ? withLog : withoutLog).verify(entity);
      } catch (error) {
        return explain(error, certificate.parsed, entity, () =>
          explainCertificate(certificate.parsed, times, material),
        );
      }
      const { issuer, subject } = certificate;
      return { ok: true, issuer, subject, time: earliest(times), logged: bundle.logEntries > 0 };
    },
    evidenceOf(bundle, key, message): Evidence {
      const none = { time: null, logged: false };
      if (bundle.logEntries + bundle.timestamps === 0) return none;
      const read = toEntity(bundle, message);
      if (read === null) return none;
      const { entity, times } = read;
      const publicKey = () => ({ publicKey: key, validFor: () => true });
      const options = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 };
      try {
        new Verifier({ ...material, publicKey }, options).verify(entity);
      } catch {
        return none;
      }
      return { time: times.length > 0 ? earliest(times) : null, logged: bundle.logEntries > 0 };
    },
  };
}

/** Hands the very parts that were parsed to the library; `null` when it reads them otherwise or not at all. */
function toEntity(
  bundle: ParsedBundle,
  message?: Uint8Array,
): { readonly entity: SignedEntity; readonly times: readonly Date[] } | null {
  try {
    const read = bundleFromJSON(bundle.json);
    const { content } = read;
    const isSame =
      bundle.content.kind === "dsse"
        ? content.$case === "dsseEnvelope" &&
          content.dsseEnvelope.payload.equals(bundle.content.payload) &&
          content.dsseEnvelope.signatures[0]?.sig.equals(bundle.content.signature) === true
        : content.$case === "messageSignature" &&
          content.messageSignature.signature.equals(bundle.content.signature);
    if (!isSame || !hasSameKey(bundle, read.verificationMaterial.content)) return null;
    const entity = toSignedEntity(read, message === undefined ? undefined : Buffer.from(message));
    return { entity, times: timesOf(entity) };
  } catch {
    return null;
  }
}

type KeyContent = ReturnType<typeof bundleFromJSON>["verificationMaterial"]["content"];

function hasSameKey({ material }: ParsedBundle, content: KeyContent): boolean {
  if (material.kind === "key") return content.$case === "publicKey";
  if (content.$case === "certificate") return content.certificate.rawBytes.equals(material.der);
  return (
    content.$case === "x509CertificateChain" &&
    content.x509CertificateChain.certificates[0]?.rawBytes.equals(material.der) === true
  );
}

/** The times that the bundle's evidence is for; they count once the verifier has accepted all of them. */
function timesOf(entity: SignedEntity): Date[] {
  return entity.timestamps.flatMap((stamp) => {
    if (stamp.$case === "timestamp-authority") return [stamp.timestamp.signingTime];
    const { inclusionPromise, integratedTime } = stamp.tlogEntry;
    // Without its promise nobody has signed an entry's time (Rekor version 2 has neither).
    return inclusionPromise === undefined ? [] : [new Date(Number(integratedTime) * 1000)];
  });
}

function earliest(times: readonly Date[]): Date {
  return new Date(Math.min(...times.map((time) => time.getTime())));
}

function isSignedBy(entity: SignedEntity, { publicKey }: X509Certificate): boolean {
  try {
    return entity.signature.verifySignature(
      createPublicKey({ key: publicKey, format: "der", type: "spki" }),
    );
  } catch {
    return false;
  }
}

/** The library's codes in floe's; its words and those of what it stumbled over go nowhere. */
function explain(
  error: unknown,
  certificate: X509Certificate,
  entity: SignedEntity,
  explainChain: () => BundleProblem,
): KeylessProof {
  if (!(error instanceof VerificationError))
    return refused("MALFORMED_BUNDLE", "its parts cannot be verified");
  if (error.code === "CERTIFICATE_ERROR") return explainChain();
  if (error.code === "TIMESTAMP_ERROR") {
    // Of another instance everything is foreign, and the certificate says most about it.
    const chain = explainChain();
    return chain.code === "UNTRUSTED_ROOT"
      ? chain
      : refused(
          "TIMESTAMP_MISSING",
          "a time that it states is by no authority of the trusted root, or is stated twice",
        );
  }
  // An entry about another signature says less than a signature that is wrong.
  if (error.code === "SIGNATURE_ERROR" || !isSignedBy(entity, certificate))
    return refused("SIGNATURE_INVALID", "the signature is not by its certificate over these bytes");
  return error.code === "TLOG_BODY_ERROR"
    ? refused("TLOG_MISSING", "its log entry is about another signature")
    : refused("TLOG_MISSING", "its log entry does not verify by any log of the trusted root");
}

function refused(code: BundleProblem["code"], reason: string): BundleProblem {
  return { ok: false, code, reason };
}
