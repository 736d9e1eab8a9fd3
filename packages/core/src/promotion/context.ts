import type { Anchor } from "../audit/anchors/anchor.ts";
import type { LogAnchor } from "../audit/anchors/log-anchor.ts";
import type { GateProvider } from "../contract/index.ts";
import type { Exemption } from "../gates/exemption.ts";
import type { LedgerStore } from "../ledger/ledger-store.ts";
import type {
  EnvironmentConfig,
  Manifest,
  RegistryConfig,
  SecretRef,
} from "../manifest/manifest.ts";
import type {
  ArtifactCopier,
  ArtifactStore,
  ArtifactVerifier,
  Clock,
  CommandRunner,
  Host,
  Logger,
  Notifier,
  SbomReader,
  Signer,
  Telemetry,
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
  /**
   * The repository of what this is about: an environment's own, see {@link at}. Where no environment is meant, that of the
   * manifest.
   */
  readonly store: ArtifactStore;
  /** The store of any repository that the manifest names; the same one gives the same store. */
  readonly storeOf: (registry: RegistryConfig) => ArtifactStore;
  /** `null`: nothing can be brought from one repository to another. */
  readonly copier: ArtifactCopier | null;
  /** `null`: webhooks are told nothing, and what they miss stays due. */
  readonly notifier: Notifier | null;
  /** `null`: nobody can be proven, so only reads and dry runs are possible. */
  readonly signer: Signer | null;
  /** Public key (PEM) of the signer; `null` for keyless, or where the manifest has it. */
  readonly signerPublicKey: string | null;
  /** Where the app looked for the signer, for messages. */
  readonly signerOrigin?: SignerOrigin;
  readonly verifier: Verifier;
  readonly artifactVerifier: ArtifactVerifier;
  /** Absent: what artifacts are made of is not compared. */
  readonly sbomReader?: SbomReader;
  /** Findings of gates that somebody answers for. */
  readonly exemptions: readonly Exemption[];
  readonly gates: GateRegistry;
  /** Where the ledgers are; `null`: each in its environment's repository. */
  readonly ledgerStore: LedgerStore | null;
  /** Stores in which ledgers are or were, the registry left out. */
  readonly pastStores: readonly LedgerStore[];
  /** Where checkpoints are kept besides the one beside the ledger. */
  readonly anchors: readonly Anchor[];
  /** The log that checkpoints are put into; `null`: none. */
  readonly log: LogAnchor | null;
  readonly runner: CommandRunner;
  /** Reads a secret by reference. */
  readonly readSecret: (ref: SecretRef) => Promise<string>;
  readonly host: Host;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Absent: nobody watches. */
  readonly telemetry?: Telemetry | undefined;
  readonly version: string;
}

/** The same context with an environment's own repository: for everything that is about that environment. */
export function at<Context extends Pick<FloeContext, "store" | "storeOf">>(
  context: Context,
  environment: Pick<EnvironmentConfig, "registry">,
): Context {
  const store = context.storeOf(environment.registry);
  return store === context.store ? context : { ...context, store };
}
