/** Something that a VEX statement speaks of: an artifact, a package, or packages in an artifact. */
export interface VexProduct {
  /** Package URLs and digests by which it is known; one that fits is enough. */
  readonly names: readonly string[];
  /** Package URLs; empty when the statement is about the product as a whole. */
  readonly subcomponents: readonly string[];
}

/** What a VEX document says of one vulnerability. */
export interface VexStatement {
  /** Upper case; the aliases too. */
  readonly vulnerabilities: readonly string[];
  readonly products: readonly VexProduct[];
  readonly status: "not_affected" | "fixed" | "affected" | "under_investigation";
  readonly justification?: string | undefined;
  readonly time: Date;
  /** The file. */
  readonly source: string;
}
