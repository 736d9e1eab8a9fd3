import { tmpdir } from "node:os";
import type { AnchorStore, AuditBackend, AuditBackendProvider } from "@floe/core/plugin";
import s3 from "@floe/plugin-audit-s3";
import type { S3Server } from "@floe/testing";

/** Opens a bucket of a server as floe would. */
export async function openS3Ledger(
  server: Omit<S3Server, symbol>,
  bucket: string,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<AuditBackend & AsyncDisposable> {
  const { provider, config, options } = await parsed(server, bucket, settings);
  return (await provider.open(config, options)) as AuditBackend & AsyncDisposable;
}

/** Opens a bucket of a server as a place for checkpoints, as floe would. */
export async function openS3Anchors(
  server: Omit<S3Server, symbol>,
  bucket: string,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<AnchorStore & AsyncDisposable> {
  const { provider, config, options } = await parsed(server, bucket, settings);
  return (await provider.openAnchors?.(config, options)) as AnchorStore & AsyncDisposable;
}

async function parsed(
  { endpoint, accessKeyId, secretAccessKey }: Omit<S3Server, symbol>,
  bucket: string,
  settings: Readonly<Record<string, unknown>>,
) {
  const [provider] = s3.auditBackends as readonly AuditBackendProvider[];
  if (!provider) throw new Error("the plugin has no backend");
  const given = { bucket, endpoint, credentials_ref: "env:KEYS", ...settings };
  const result = await provider.config["~standard"].validate(given);
  if (result.issues !== undefined) throw new Error(JSON.stringify(result.issues));
  const readSecret = async () => `${accessKeyId}:${secretAccessKey}`;
  const signal = AbortSignal.timeout(30_000);
  const options = { signal, baseDir: tmpdir(), readSecret };
  return { provider, config: result.value, options };
}
