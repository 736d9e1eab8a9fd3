/** A store with nothing in it, and how to reach it. */
export interface AuditStoreUnderTest extends AsyncDisposable {
  /** As `audit.with` in the manifest: opening the backend twice with it gives two clients of the same store. Plain JSON. */
  readonly config: unknown;
  /** Folder that relative paths count from. Default: the system's folder for temporary files. */
  readonly baseDir?: string;
  /** Faults that this store can be made to have. What is absent is not checked. */
  readonly faults?: AuditFaults;
}

/** Faults of a store. Each comes into force when its promise resolves, for clients that are open and for new ones. */
export interface AuditFaults {
  /** The next claim is stored, and its answer is lost. */
  loseNextReply?(): Promise<void>;
  /** The next claim is refused with a passing error (409, 429, 503, a busy lock) before anything is stored. */
  refuseOnce?(): Promise<void>;
  /** Connections are taken and never answered, until the returned function is called. */
  blackHole?(): Promise<() => Promise<void>>;
  /** Writing is not allowed (expired credentials, missing rights, a read-only file), until the returned function is called. */
  denyWrites?(): Promise<() => Promise<void>>;
  /** There is no room for more, until the returned function is called. */
  fill?(): Promise<() => Promise<void>>;
  /** Puts something beside the events of a chain that is none. */
  addForeign?(chain: string): Promise<void>;
  /** Writes other bytes over an event, past the backend. */
  overwrite?(chain: string, seq: number, bytes: Uint8Array): Promise<void>;
  /** Takes an event away, past the backend. */
  remove?(chain: string, seq: number): Promise<void>;
}

/** What an audit backend is checked with. */
export interface AuditBackendContract {
  /** The plugin's package.json: `new URL("../package.json", import.meta.url)`. */
  readonly packageJson: URL;
  /**
   * The module that exports the plugin by default, for the checks that need several processes. Absent: they are left out,
   * as for a store that lives in the memory of one.
   */
  readonly module?: URL;
  /** Settings that the schema must accept. At least one. */
  readonly validConfigs: readonly unknown[];
  /** Settings that the schema must refuse, each with the path that the error must name. */
  readonly invalidConfigs: readonly {
    readonly config: unknown;
    readonly path: readonly PropertyKey[];
  }[];
  /** Makes a store for one check, which disposes of it. */
  readonly makeStore: () => Promise<AuditStoreUnderTest>;
  /** Slots that are raced for by 16 claims at a time. Default 50. */
  readonly rounds?: number;
  /** How many milliseconds a call may go on after its signal was aborted. Default 2000. */
  readonly abortLimitMs?: number;
}

/** One check of the contract: resolves when it holds, rejects with what is wrong. */
export interface AuditBackendCheck {
  /** A sentence, for the name of a test. */
  readonly name: string;
  readonly run: () => Promise<void>;
}
