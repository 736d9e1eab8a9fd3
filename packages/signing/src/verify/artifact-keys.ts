import type { ArtifactVerifier, TrustedSigner } from "@floe/core/ports";
import { createKeyReader } from "./trusted-keys.ts";

/** The signature policy of one environment, as the port has it. */
export type VerificationPolicy = Parameters<ArtifactVerifier["verifyArtifact"]>[2];
type ArtifactKey = VerificationPolicy["keys"][number];

/** A policy's keys, sorted by what they count for now. */
export interface ArtifactKeys {
  /** Keys whose signature is accepted; those still in use before those in their grace period. */
  readonly accepted: readonly TrustedSigner[];
  /** Retired and past grace: only good for saying why a signature is refused. */
  readonly expired: readonly TrustedSigner[];
  /** Sentences about keys that cannot be read. */
  readonly unreadable: readonly string[];
  /** A warning for each accepted key that is retired, by name. */
  readonly graceWarnings: ReadonlyMap<string, string>;
}

const DAY_MS = 86_400_000;

/** Makes the function that sorts a policy's keys; it remembers the keys that it has read. */
export function createKeySorter(): (policy: VerificationPolicy, now: Date) => ArtifactKeys {
  const readKey = createKeyReader();
  return (policy, now) => {
    const inUse: TrustedSigner[] = [];
    const graced: TrustedSigner[] = [];
    const expired: TrustedSigner[] = [];
    const unreadable: string[] = [];
    const graceWarnings = new Map<string, string>();
    for (const key of policy.keys) {
      const read = readKey(key.publicKey);
      if (!read.ok) {
        unreadable.push(`the key ${key.name} cannot be used: ${read.reason}`);
        continue;
      }
      const signer: TrustedSigner = { method: "key", name: key.name, publicKey: key.publicKey };
      const end = graceEnd(key, policy.gracePeriodDays);
      if (key.retiredAt === null || key.retiredAt > now) inUse.push(signer);
      else if (end >= now.getTime()) {
        graced.push(signer);
        graceWarnings.set(key.name, graceWarning(key.name, key.retiredAt, new Date(end)));
      } else expired.push(signer);
    }
    return { accepted: [...inUse, ...graced], expired, unreadable, graceWarnings };
  };
}

function graceEnd({ retiredAt }: ArtifactKey, gracePeriodDays: number): number {
  return (retiredAt?.getTime() ?? 0) + gracePeriodDays * DAY_MS;
}

function graceWarning(name: string, retiredAt: Date, end: Date): string {
  return `signed with the retired key ${name} (retired ${retiredAt.toISOString()}), accepted until ${end.toISOString()}`;
}
