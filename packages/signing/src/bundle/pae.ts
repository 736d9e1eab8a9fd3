/**
 * The bytes that a DSSE signature is over: `DSSEv1 <len(type)> <type> <len(payload)> <payload>`, lengths in bytes
 * (DSSE protocol 1.0, "PAE").
 */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const header = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.byteLength} `;
  return Buffer.concat([Buffer.from(header), payload]);
}
