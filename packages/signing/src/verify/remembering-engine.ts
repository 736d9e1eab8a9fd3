import { canonicalJson, digestOf } from "@floe/core/model";
import type { ParsedBundle } from "../bundle/parse-bundle.ts";
import type { KeylessEngine, KeylessProof } from "../keyless/keyless-engine.ts";
import type { ProofCache, ProofKey } from "./proof-cache.ts";

/** More than any run has; beyond it the oldest goes. */
const MAX_KNOWN = 1000;

/** An engine that knows what was proven before, once it was told which bundle comes next. */
export interface RememberingEngine {
  readonly engine: KeylessEngine;
  /** Looks a bundle's proof up, or makes and keeps it: judging is pure, and reading is done before it. */
  prepare(bundle: ParsedBundle, requireRekor: boolean): Promise<void>;
}

/** Lets an engine use a cache of proofs. Without a trusted root nothing is looked up: what it proved is not known to hold. */
export function rememberProofs(engine: KeylessEngine, cache: ProofCache): RememberingEngine {
  const { trustRoot } = engine;
  const known = new Map<string, KeylessProof>();

  function keyOf(bundle: ParsedBundle, requireRekor: boolean): ProofKey | null {
    if (!trustRoot.available || bundle.content.kind !== "dsse") return null;
    return { bundle: fingerprint(bundle), trustRoot: trustRoot.sha256, requireRekor };
  }

  return {
    engine: {
      ...engine,
      prove(bundle, options) {
        const key = options.message === undefined ? keyOf(bundle, options.requireRekor) : null;
        const before = key && known.get(canonicalJson({ ...key }));
        return before ?? engine.prove(bundle, options);
      },
    },
    async prepare(bundle, requireRekor) {
      const key = keyOf(bundle, requireRekor);
      if (key === null || known.has(canonicalJson({ ...key }))) return;
      const before = await cache.get(key);
      const proof = before ?? engine.prove(bundle, { requireRekor });
      const [oldest] = known.keys();
      if (known.size >= MAX_KNOWN && oldest !== undefined) known.delete(oldest);
      known.set(canonicalJson({ ...key }), proof);
      if (before === null && proof.ok) await cache.put(key, proof);
    },
  };
}

/** Everything that the bundle says, of which the payload may have megabytes. */
function fingerprint({ json, content }: ParsedBundle): string {
  if (content.kind !== "dsse") throw new Error("only statements are remembered");
  const { dsseEnvelope, ...rest } = json;
  const { payload: _, ...envelope } = dsseEnvelope as Readonly<Record<string, unknown>>;
  return digestOf(JSON.stringify({ rest, envelope, payload: digestOf(content.payload) }));
}
