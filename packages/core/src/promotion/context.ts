import type { GateProvider } from "../contract/index.ts";
import type { Manifest, SecretRef } from "../manifest/manifest.ts";
import type {
  ArtifactStore,
  ArtifactVerifier,
  Clock,
  CommandRunner,
  Host,
  Logger,
  Signer,
  Verifier,
} from "../ports/index.ts";
import type { SignerOrigin } from "./how-to-prove.ts";

/** Where a gate provider comes from, for records and `floe gate list`. */
export interface ProviderOrigin {
  readonly name: string;
  readonly version: string;
  readonly origin: "built-in" | "bundled" | "user" | "link" | "project" | "inline";
}

/** Finds the provider of a gate kind; `null` where no plugin provides it. */
export interface GateRegistry {
  find(
    kind: string,
  ): Promise<{ readonly provider: GateProvider; readonly plugin: ProviderOrigin } | null>;
}

/** Everything that promoting needs, put together once by `createFloe`. */
export interface FloeContext {
  readonly manifest: Manifest;
  readonly store: ArtifactStore;
  /** `null`: nobody can be proven, so only reads and dry runs are possible. */
  readonly signer: Signer | null;
  /** Public key (PEM) of the signer; `null` for keyless, or where the manifest has it. */
  readonly signerPublicKey: string | null;
  /** Where the app looked for the signer, for messages. */
  readonly signerOrigin?: SignerOrigin;
  readonly verifier: Verifier;
  readonly artifactVerifier: ArtifactVerifier;
  readonly gates: GateRegistry;
  readonly runner: CommandRunner;
  /** Reads a secret by reference. */
  readonly readSecret: (ref: SecretRef) => Promise<string>;
  readonly host: Host;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
}
