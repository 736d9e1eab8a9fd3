import { tmpdir } from "node:os";
import type { AuditBackend, AuditBackendProvider } from "@floe/core/plugin";
import s3 from "@floe/plugin-audit-s3";
import type { S3Server } from "@floe/testing";

/** Opens a bucket of a server as floe would. */
export async function openS3Ledger(
  server: Omit<S3Server, symbol>,
  bucket: string,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<AuditBackend & AsyncDisposable> {
  const [provider] = s3.auditBackends as readonly AuditBackendProvider[];
  if (!provider) throw new Error("the plugin has no backend");
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const parsed = await provider.config["~standard"].validate({
    bucket,
    endpoint,
    credentials_ref: "env:KEYS",
    ...settings,
  });
  if (parsed.issues !== undefined) throw new Error(JSON.stringify(parsed.issues));
  const readSecret = async () => `${accessKeyId}:${secretAccessKey}`;
  const signal = AbortSignal.timeout(30_000);
  const opened = await provider.open(parsed.value, { signal, baseDir: tmpdir(), readSecret });
  return opened as AuditBackend & AsyncDisposable;
}
