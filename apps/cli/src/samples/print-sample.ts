import type { Manifest } from "@floe/core";
import { admissionFacts } from "./admission-facts.ts";
import { cosignSample } from "./cosign-sample.ts";
import { fluxSample } from "./flux-sample.ts";
import { kyvernoSample } from "./kyverno-sample.ts";
import { policyControllerSample } from "./policy-controller-sample.ts";

const SAMPLES = {
  cosign: cosignSample,
  flux: fluxSample,
  kyverno: kyvernoSample,
  "policy-controller": policyControllerSample,
} as const;

/** Writes a sample for a verifier that knows no floe, with an environment's own keys and identities. */
export function printSample(
  name: keyof typeof SAMPLES,
  manifest: Manifest,
  environment: string,
  now: Date,
): string {
  return SAMPLES[name](admissionFacts(manifest, environment, now));
}
