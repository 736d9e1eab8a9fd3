import type { Signer, Verifier } from "@floe/core/ports";

/** An issuer that no certificate authority knows. */
export const PRETEND_ISSUER = "https://token.example";

/** A signer that proves a subject instead of its key, to {@link pretendKeyless} alone: no certificate authority is asked. */
export function pretendSubject(signer: Signer, subject: string): Signer {
  return {
    signer: { method: "keyless", issuer: PRETEND_ISSUER, subject },
    sign: async (statement, options) => await signer.sign(statement, options),
  };
}

/** A verifier that takes the keys of some people for certificates of their subjects; everything else is judged for real. */
export function pretendKeyless(
  verifier: Verifier,
  publicKeys: Readonly<Record<string, string>>,
): Verifier {
  return {
    verifyBundle(bundle, trusted) {
      for (const [subject, publicKey] of Object.entries(publicKeys)) {
        const by = trusted.find(
          (one) =>
            one.method === "keyless" && one.issuer === PRETEND_ISSUER && one.subject === subject,
        );
        if (!by) continue;
        const verdict = verifier.verifyBundle(bundle, [
          { method: "key", name: subject, publicKey },
        ]);
        if (!verdict.ok) continue;
        const signer = { method: "keyless" as const, issuer: PRETEND_ISSUER, subject };
        return { ...verdict, name: by.name, signer };
      }
      return verifier.verifyBundle(bundle, trusted);
    },
  };
}
