// The types of @sigstore/tuf and @sigstore/sign name these of a package that has none of its own; floe uses neither.
declare module "make-fetch-happen" {
  /** How often and how patiently a request is made again. */
  export interface MakeFetchHappenOptions {
    readonly retry?: boolean | number | { readonly retries?: number };
    readonly timeout?: number;
  }
}
