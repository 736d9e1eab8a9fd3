import type { Environment } from "./select-proxy.ts";

/**
 * Reads `FLOE_REGISTRY_TRUSTED_HOSTS`: names of hosts, separated by commas or spaces, that a registry may lead to although
 * they have private addresses.
 */
export function trustedHosts(env: Environment): string[] {
  const text = env["FLOE_REGISTRY_TRUSTED_HOSTS"] ?? "";
  return text.split(/[\s,]+/).filter((name) => name !== "");
}
