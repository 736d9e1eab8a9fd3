// The types of @sigstore/tuf and @sigstore/sign name these, of packages that have none or do not come along; floe uses
// neither.
declare module "make-fetch-happen" {
  /** How often and how patiently a request is made again. */
  export interface MakeFetchHappenOptions {
    readonly retry?: boolean | number | { readonly retries?: number };
    readonly timeout?: number;
  }
}
declare module "@sigstore/rekor-types" {
  export type LogEntry = Readonly<Record<string, { readonly body: string }>>;
  export type ProposedDSSEEntry = unknown;
  export type ProposedEntry = unknown;
  export type ProposedHashedRekordEntry = unknown;
  export type ProposedIntotoEntry = unknown;
}
