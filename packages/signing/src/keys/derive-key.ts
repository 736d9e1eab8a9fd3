import { scrypt } from "node:crypto";

/** Cost parameters of scrypt (RFC 7914). */
export interface ScryptParameters {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** What cosign writes, and what floe writes. */
export const OWN_PARAMETERS: ScryptParameters = { N: 65536, r: 8, p: 1 };

/** What a key is derived from. */
export interface DerivationInput {
  readonly password: string;
  readonly salt: Uint8Array;
  readonly parameters: ScryptParameters;
}

interface Begun {
  readonly input: DerivationInput;
  readonly key: Promise<Uint8Array>;
}

/** The one derivation that was begun before anybody asked for it. */
let begun: Begun | null = null;

/**
 * Begins a derivation that is likely to be asked for, so that it runs beside whatever is done until then. It changes nothing
 * but the time: {@link deriveKey} gives its result to who asks with the same input, once, and computes any other itself.
 */
export function beginDeriving(input: DerivationInput): void {
  const key = derive(input);
  // Whoever asks gets the error.
  key.catch(() => {});
  begun = { input, key };
}

/** Derives a key of 32 bytes by scrypt. Asynchronous, on the thread pool: about 130 ms with cosign's parameters. */
export async function deriveKey(input: DerivationInput): Promise<Uint8Array> {
  const waiting = begun;
  if (waiting === null || !isSame(waiting.input, input)) return await derive(input);
  begun = null;
  return await waiting.key;
}

function isSame(one: DerivationInput, other: DerivationInput): boolean {
  return (
    one.password === other.password &&
    Buffer.from(one.salt).equals(other.salt) &&
    one.parameters.N === other.parameters.N &&
    one.parameters.r === other.parameters.r &&
    one.parameters.p === other.parameters.p
  );
}

function derive({ password, salt, parameters }: DerivationInput): Promise<Uint8Array> {
  const { N, r, p } = parameters;
  // Node refuses more than 32 MiB unless told; cosign's parameters take 64 MiB and a bit.
  const maxmem = 128 * r * (N + p + 2) + 1024 * 1024;
  return new Promise((resolve, reject) => {
    scrypt(password, salt, 32, { N, r, p, maxmem }, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}
