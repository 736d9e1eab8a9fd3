import type { CallOptions, Manifest, VerificationPolicy } from "@floe/core";
import { FloeError } from "@floe/core/errors";
import { readPublicKeyFile } from "./trusted-signers.ts";

/** The flags of `floe artifact verify` that say what is asked of an artifact. */
export interface VerificationFlags {
  readonly key?: readonly string[] | undefined;
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
  readonly type?: readonly string[] | undefined;
  readonly env?: string | undefined;
  readonly enforcement?: VerificationPolicy["enforcement"] | undefined;
}

/** A policy with where it comes from. */
export interface ChosenPolicy {
  readonly policy: VerificationPolicy;
  /** The environment that it is of; `null`: the command line's own. */
  readonly environment: string | null;
}

const STRICTNESS = ["off", "warn", "enforce"] as const;

/**
 * Puts a policy together: of the command line when it says whom to trust, else an environment's (by default the last one's),
 * which flags may tighten and never loosen.
 * @throws {FloeError} FLOE_USAGE_INVALID - flags that contradict each other, loosen an environment, or trust nobody
 * @throws {FloeError} FLOE_KEY_INVALID - a key file that cannot be read or used
 */
export async function choosePolicy(
  flags: VerificationFlags,
  manifest: Manifest | null,
  options: CallOptions,
): Promise<ChosenPolicy> {
  const { readPredicateType } = await import("@floe/signing");
  const types = (flags.type ?? []).map((type) => ({
    type: type === "sbom" || type === "signature" ? type : readPredicateType(type),
    signers: null,
    threshold: 1,
  }));
  if (flags.key !== undefined || flags.issuer !== undefined || flags.subject !== undefined)
    return { policy: await ownPolicy(flags, types, options), environment: null };
  if (!manifest)
    throw usage(
      "nobody to trust is named",
      "Give --key FILE, or --issuer URL and --subject NAME, or run floe where a manifest is.",
    );
  const { findEnvironment } = await import("@floe/core");
  const environment =
    flags.env === undefined ? manifest.environments.at(-1) : findEnvironment(manifest, flags.env);
  if (!environment) throw new Error("a manifest has at least one environment");
  const policy = environment.verification;
  const enforcement = flags.enforcement ?? policy.enforcement;
  if (STRICTNESS.indexOf(enforcement) < STRICTNESS.indexOf(policy.enforcement))
    throw usage(
      `--enforcement ${enforcement} is looser than ${environment.name}, which has enforcement: ${policy.enforcement}`,
      "A flag may tighten an environment's policy and never loosen it. To look without its policy, give --key or --issuer and --subject.",
    );
  const require = [...policy.require, ...types];
  return { policy: { ...policy, enforcement, require }, environment: environment.name };
}

async function ownPolicy(
  flags: VerificationFlags,
  types: VerificationPolicy["require"],
  options: CallOptions,
): Promise<VerificationPolicy> {
  const { issuer, subject } = flags;
  // An issuer alone would trust everybody who has an account there.
  if ((issuer === undefined) !== (subject === undefined))
    throw usage(
      issuer === undefined
        ? "--subject is given without --issuer"
        : "--issuer is given without --subject",
      "A keyless signature is trusted by both: who, and who says so.",
    );
  return {
    enforcement: flags.enforcement ?? "enforce",
    keys: await Promise.all(
      (flags.key ?? []).map(async (name) => ({
        name,
        publicKey: await readPublicKeyFile(name, options),
        retiredAt: null,
      })),
    ),
    trustedIssuers: issuer === undefined || subject === undefined ? [] : [{ issuer, subject }],
    // As with cosign verify-attestation: who asks for attestations does not ask for a signature.
    requireSignature: types.length === 0,
    require: types,
    requireRekor: true,
    requireSbom: false,
    requirePromotionFrom: null,
    gracePeriodDays: 0,
    formats: ["bundle"],
  };
}

function usage(message: string, hint: string): FloeError {
  return new FloeError({ code: "FLOE_USAGE_INVALID", message, hint });
}
