import { canonicalJson } from "@floe/core/model";

/** Order of the group of P-256 (FIPS 186-5). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The same signed bundle with (r, n - s) in place of (r, s): ECDSA accepts both. */
export function otherSignature(bytes: Uint8Array): Uint8Array {
  const bundle = JSON.parse(Buffer.from(bytes).toString()) as {
    dsseEnvelope: { signatures: { sig: string }[] };
  };
  const [only] = bundle.dsseEnvelope.signatures;
  if (!only) throw new Error("it is not signed");
  const der = Buffer.from(only.sig, "base64");
  const rLength = der[3] ?? 0;
  const r = der.subarray(2, 4 + rLength);
  const s = BigInt(`0x${der.subarray(6 + rLength).toString("hex")}`);
  const hex = (ORDER - s).toString(16).padStart(64, "0");
  const bare = Buffer.from(hex, "hex");
  const start = bare.findIndex((byte) => byte !== 0);
  const digits = bare.subarray(start);
  const positive = (digits[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.from([0]), digits]) : digits;
  const body = Buffer.concat([r, Buffer.from([2, positive.length]), positive]);
  only.sig = Buffer.concat([Buffer.from([0x30, body.length]), body]).toString("base64");
  return Buffer.from(canonicalJson(bundle));
}
