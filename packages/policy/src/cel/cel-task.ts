/** What the thread is given to evaluate. */
export interface CelTask {
  readonly expressions: readonly string[];
  /** The variables as JSON, of which each is a member; `null`: the expressions are only parsed. */
  readonly variables: string | null;
  /** Variables that are known and have no value here, each with why. */
  readonly missing: Readonly<Record<string, string>>;
}

/** What became of one expression. Only `holds` is good. */
export type CelAnswer =
  | { readonly kind: "holds" }
  /** `findings`: what the expression itself says is wrong; `null`: it was `false`. */
  | { readonly kind: "violated"; readonly findings: readonly string[] | null }
  /** It is no expression. */
  | { readonly kind: "invalid"; readonly reason: string }
  | { readonly kind: "missing"; readonly variable: string; readonly reason: string }
  | { readonly kind: "error"; readonly reason: string };
