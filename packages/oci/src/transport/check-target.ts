import { FloeError } from "@floe/core/errors";

const PRIVATE_SUBNETS = [
  ["0.0.0.0", 8, "ipv4"],
  ["10.0.0.0", 8, "ipv4"],
  ["100.64.0.0", 10, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["224.0.0.0", 3, "ipv4"],
  ["::", 96, "ipv6"],
  ["::ffff:0:0", 96, "ipv6"],
  ["64:ff9b::", 96, "ipv6"],
  ["fc00::", 7, "ipv6"],
  ["fe80::", 10, "ipv6"],
  ["ff00::", 8, "ipv6"],
] as const;

/** What a registry may send floe to, and from where. */
export interface TargetRules {
  /** The registry's own origin; its host name is always fine, on any port. */
  readonly registry: URL;
  /** Whose answer names the target. */
  readonly from: URL;
  /** For the message: `redirect`, `upload location`, `token realm`, `next page`. */
  readonly what: string;
  /** Refuse every other origin than `from`'s. */
  readonly sameOrigin?: boolean;
}

/**
 * Resolves an address out of an answer and refuses those that a hostile registry would use to reach into the
 * network that floe runs in, or to make it speak without TLS.
 * @throws {FloeError} FLOE_REGISTRY_RESPONSE_INVALID - malformed, another scheme than http(s), http where https was
 * spoken, a user name in it, or a private address other than the registry's own host
 */
export function checkTarget(target: string, rules: TargetRules): URL {
  const { registry, from, what } = rules;
  const url = URL.parse(target, from.href);
  if (url === null) throw refuse(from, what, "is not a URL");
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw refuse(from, what, `has the scheme ${url.protocol}`);
  }
  if (url.username !== "" || url.password !== "") throw refuse(from, what, "has a user name in it");
  if (rules.sameOrigin === true && url.origin !== from.origin) {
    throw refuse(from, what, `leads to another host, ${url.origin}`);
  }
  const downgrade =
    url.protocol === "http:" && (registry.protocol === "https:" || from.protocol === "https:");
  if (downgrade) throw refuse(from, what, `leads from https to http, ${url.origin}`);
  if (url.hostname !== registry.hostname && isPrivateHost(url.hostname)) {
    throw refuse(from, what, `leads to a private address, ${url.origin}`);
  }
  return url;
}

/** Says whether a URL's host name is a literal address that is not of the public internet, or localhost. */
export function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/\.$/, "").toLowerCase();
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  const { BlockList, isIPv4, isIPv6 } = process.getBuiltinModule("node:net");
  const address = host.startsWith("[") ? host.slice(1, -1) : host;
  const family = isIPv4(address) ? "ipv4" : isIPv6(address) ? "ipv6" : null;
  if (family === null) return false;
  const list = new BlockList();
  for (const [net, prefix, type] of PRIVATE_SUBNETS) {
    // Of the address's own family only: the list would take IPv4 for the mapped addresses among the IPv6 ones.
    if (type === family) list.addSubnet(net, prefix, type);
  }
  return list.check(address, family);
}

function refuse(from: URL, what: string, reason: string): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_RESPONSE_INVALID",
    message: `the ${what} that ${from.origin} gave ${reason}`,
    hint: "floe does not follow it. Check that the address is the registry's own and not a proxy's.",
  });
}
