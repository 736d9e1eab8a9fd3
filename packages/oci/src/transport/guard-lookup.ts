import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { FloeError } from "@floe/core/errors";
import { isPrivateHost, isSiteHost } from "./check-target.ts";

/** Whose addresses {@link guardLookup} lets through. */
export interface LookupRules {
  /** The registry's own host name. */
  readonly registry: string | undefined;
  /** Other hosts that may have any address. */
  readonly isTrusted: (hostname: string) => boolean;
}

/**
 * Makes a resolver that refuses addresses outside the public internet for every host but the registry's own and those
 * that are trusted. It is asked when a connection is made and its answer is what is connected to, so that a name cannot
 * change its mind in between (DNS rebinding). A registry that is itself on a site's own network, and never was seen
 * anywhere else, may lead to other hosts of that network: its token service, where it stores blobs.
 * @throws {FloeError} FLOE_REGISTRY_RESPONSE_INVALID - through the callback: a name with a private address
 */
export function guardLookup(
  resolve: LookupFunction,
  { registry, isTrusted }: LookupRules,
): LookupFunction {
  let onSite = registry === undefined ? false : isSiteHost(registry) || null;
  return (hostname, options, callback) => {
    resolve(hostname, options, (error, found, family) => {
      if (error !== null) {
        callback(error, found, family);
        return;
      }
      const addresses: readonly LookupAddress[] =
        typeof found === "string" ? [{ address: found, family: family ?? 4 }] : found;
      const hosts = addresses.map(({ address }) => ({ address, host: asHost(address) }));
      if (hostname.toLowerCase() === registry?.toLowerCase())
        onSite = onSite !== false && hosts.every(({ host }) => isSiteHost(host));
      else if (!isTrusted(hostname)) {
        const bad = hosts.find(
          ({ host }) => isPrivateHost(host) && !(onSite === true && isSiteHost(host)),
        );
        // One bad address among good ones is bad: which of them is used is decided later.
        if (bad !== undefined) {
          callback(refuse(hostname, bad.address), found, family);
          return;
        }
      }
      callback(null, found, family);
    });
  };
}

function asHost(address: string): string {
  return address.includes(":") ? `[${address.replace(/%.*$/, "")}]` : address;
}

function refuse(hostname: string, address: string): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_RESPONSE_INVALID",
    message: `the registry sends floe to ${hostname.slice(0, 253)}, which has the private address ${address}`,
    hint: "floe does not go there. If that host belongs to the registry, name it in FLOE_REGISTRY_TRUSTED_HOSTS.",
  });
}
