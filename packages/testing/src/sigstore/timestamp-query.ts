import { ASN1Obj } from "@sigstore/core";

/** A timestamp request as the mock authority takes it. */
export interface TimestampQuery {
  readonly artifactHash: Buffer;
  readonly hashAlgorithmOID: string;
  readonly nonce: number;
  readonly policyOID: string;
  readonly certReq: boolean;
}

const POLICY = "1.3.6.1.4.1.57264.2";
const SHA256 = "2.16.840.1.101.3.4.2.1";

/** Reads a timestamp request: JSON as sigstore-js sends it, or DER (RFC 3161, `TimeStampReq`) as cosign does. */
export function readTimestampQuery(body: Buffer, contentType: string | undefined): TimestampQuery {
  if (contentType?.includes("json") === true) {
    const { artifactHash } = JSON.parse(body.toString("utf8")) as { artifactHash: string };
    return {
      artifactHash: Buffer.from(artifactHash, "base64"),
      hashAlgorithmOID: SHA256,
      nonce: 1234567890,
      policyOID: POLICY,
      certReq: false,
    };
  }
  const [, imprint, ...optional] = ASN1Obj.parseBuffer(Buffer.from(body)).subs;
  const nonce = optional.find((part) => part.tag.isInteger());
  const certReq = optional.find((part) => part.tag.isBoolean());
  return {
    artifactHash: Buffer.from(imprint?.subs[1]?.value ?? Buffer.alloc(0)),
    hashAlgorithmOID: imprint?.subs[0]?.subs[0]?.toOID() ?? SHA256,
    nonce: nonce === undefined ? 0 : Number(nonce.toInteger()),
    policyOID: POLICY,
    certReq: certReq?.toBoolean() ?? false,
  };
}
