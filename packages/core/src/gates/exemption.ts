/** A finding of a gate that somebody answers for until a day. */
export interface Exemption {
  readonly id: string;
  /** Name of the gate in the manifest. */
  readonly gate: string;
  readonly match: {
    /** The reason's code. */
    readonly code?: string | undefined;
    /** A word of the reason's subject, in any letter case: a CVE, the name of a test. */
    readonly id?: string | undefined;
    /** The whole subject, with `*` for any run of characters. */
    readonly subject?: string | undefined;
    /** Id of a rule of `policies`, or `secret_scanning`. */
    readonly rule?: string | undefined;
    readonly environments?: readonly string[] | undefined;
    /** Versions, with `*` for any run of characters. */
    readonly versions?: readonly string[] | undefined;
  };
  readonly owner: string;
  readonly reason: string;
  /** As written: a day counts to its end in UTC. */
  readonly expires: string;
  readonly until: Date;
}

/** An exemption that met findings of a gate, as results and records hold it. */
export interface UsedExemption {
  readonly id: string;
  readonly owner: string;
  readonly reason: string;
  readonly expires: string;
  /** `expired`: it would have covered the findings, and no longer does. */
  readonly status: "used" | "expired";
  /** How many of the gate's reasons it covers. */
  readonly findings: number;
}
