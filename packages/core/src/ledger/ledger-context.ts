import { FloeError } from "../errors/index.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { identify } from "../model/identity.ts";
import type {
  ArtifactStore,
  Clock,
  Host,
  Logger,
  ProvenSigner,
  Signer,
  Verifier,
} from "../ports/index.ts";
import type { EventActor } from "./event.ts";
import type { LedgerStore } from "./ledger-store.ts";

/** What a ledger needs of the world. */
export interface LedgerContext {
  readonly manifest: Manifest;
  readonly store: ArtifactStore;
  /** Stores other than the registry in which ledgers have been before they were moved. */
  readonly pastStores?: readonly LedgerStore[];
  /** The manifest's own repository, where `store` is another one. */
  readonly published?: ArtifactStore;
  readonly signer: Signer | null;
  /** Public key (PEM) of the signer, carried in events; `null` for keyless. */
  readonly signerPublicKey: string | null;
  readonly verifier: Verifier;
  readonly host: Host;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
}

/** Gives the signer, or says why nothing can be written without one. */
export function requireSigner(signer: Signer | null, what: string): Signer {
  if (signer) return signer;
  throw new FloeError({
    code: "FLOE_SIGNER_MISSING",
    message: `nobody can be proven to make this ${what}: no signing key is configured`,
    hint: "Give --key REF or FLOE_SIGNING_KEY, or set artifacts.signing.private_key_ref in the manifest.",
  });
}

/** Describes who signs, as events and records say it. */
export function actorOf(
  signer: ProvenSigner,
  context: Pick<LedgerContext, "manifest" | "signerPublicKey" | "store">,
  claimedOperator?: string,
): EventActor {
  const identity = identify(signer, context.manifest, context.store.now());
  const inManifest = identity?.trusted.method === "key" ? identity.trusted.publicKey : null;
  const publicKey = context.signerPublicKey ?? inManifest;
  return {
    identity: identity?.name ?? null,
    method: signer.method,
    ...(signer.method === "keyless"
      ? { issuer: signer.issuer, subject: signer.subject }
      : { key_id: signer.keyId }),
    ...(signer.method !== "keyless" && publicKey !== null ? { public_key: publicKey } : {}),
    ...(claimedOperator === undefined ? {} : { claimed_operator: claimedOperator }),
  };
}
