import type { ConnectionOptions, SecureContext } from "node:tls";
import { FloeError } from "@floe/core/errors";

/** A certificate that floe shows to the registry, with its key; PEM. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
  /** Of an encrypted key. */
  readonly passphrase?: string;
}

/** How TLS connections are made. */
export interface TlsSettings {
  /** `false` accepts any certificate. */
  readonly tlsVerify: boolean;
  /** PEM of certificate authorities to trust besides the system's. */
  readonly ca?: string | undefined;
  /** Shown to the registry itself and to nobody else. */
  readonly clientCertificate?: ClientCertificate | undefined;
}

/**
 * The options of a TLS connection; `own`: it goes to the registry itself.
 * @throws {FloeError} FLOE_SECRET_UNREADABLE - the client certificate, its key or the authority cannot be used
 */
export function tlsOptions(settings: TlsSettings, own: boolean): ConnectionOptions {
  const { ca, tlsVerify: rejectUnauthorized } = settings;
  const clientCertificate = own ? settings.clientCertificate : undefined;
  if (ca === undefined && clientCertificate === undefined) return { rejectUnauthorized };
  return { rejectUnauthorized, secureContext: makeContext(ca, clientCertificate) };
}

function makeContext(
  ca: string | undefined,
  clientCertificate: ClientCertificate | undefined,
): SecureContext {
  const tls = process.getBuiltinModule("node:tls");
  try {
    return tls.createSecureContext({
      // A redirect may lead to a host with a public certificate: the system's authorities go on counting.
      ...(ca === undefined ? {} : { ca: [...tls.getCACertificates("default"), ca] }),
      ...clientCertificate,
    });
  } catch (error) {
    throw new FloeError({
      code: "FLOE_SECRET_UNREADABLE",
      message: "the certificate authority, or the client certificate and its key, cannot be used",
      hint: "They have to be PEM, the key has to belong to the certificate, and an encrypted key needs its passphrase.",
      cause: error,
    });
  }
}
