/** A cloud whose machinery gives credentials for its own registry. */
export type Cloud = "aws" | "azure" | "gcp";

/** Elastic Container Registry: the host names the account and the region. */
const ECR = /^\d{12}\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)$/;
const ACR = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.azurecr\.(?:io|cn|us|de)$/;
const GCR = /^(?:(?:[a-z0-9-]+\.)?gcr\.io|[a-z0-9-]+-docker\.pkg\.dev)$/;

/** Tells by its host name which cloud a registry belongs to; `null`: none that floe knows. */
export function cloudOf(host: string): Cloud | null {
  if (ECR.test(host)) return "aws";
  if (ACR.test(host)) return "azure";
  return GCR.test(host) ? "gcp" : null;
}

/** The AWS region of a registry by its host name. */
export function ecrRegionOf(host: string): string | null {
  return ECR.exec(host)?.[1] ?? null;
}
