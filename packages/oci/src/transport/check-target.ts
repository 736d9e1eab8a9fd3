import { FloeError } from "@floe/core/errors";

const PRIVATE_SUBNETS = [
  ["0.0.0.0", 8, "ipv4"],
  ["10.0.0.0", 8, "ipv4"],
  ["100.64.0.0", 10, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.0.0.0", 24, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["198.18.0.0", 15, "ipv4"],
  ["224.0.0.0", 3, "ipv4"],
  ["::", 96, "ipv6"],
  ["::ffff:0:0", 96, "ipv6"],
  ["64:ff9b:1::", 48, "ipv6"],
  ["2001::", 32, "ipv6"],
  ["2002::", 16, "ipv6"],
  ["fc00::", 7, "ipv6"],
  ["fe80::", 10, "ipv6"],
  ["fec0::", 10, "ipv6"],
  ["ff00::", 8, "ipv6"],
] as const;

/** Addresses that organisations use inside (RFC 1918, RFC 6598, RFC 4193). */
const SITE_SUBNETS: readonly string[] = [
  "10.0.0.0",
  "100.64.0.0",
  "172.16.0.0",
  "192.168.0.0",
  "fc00::",
];

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
  if (isWithin(host, () => true)) return true;
  const { isIPv6 } = process.getBuiltinModule("node:net");
  const address = host.startsWith("[") ? host.slice(1, -1) : host;
  const embedded = isIPv6(address) ? behindNat64(address) : null;
  return embedded !== null && isPrivateHost(embedded);
}

/** Says whether a host name is a literal address of an organisation's own network. */
export function isSiteHost(hostname: string): boolean {
  return isWithin(hostname.toLowerCase(), (net) => SITE_SUBNETS.includes(net));
}

function isWithin(host: string, counts: (net: string) => boolean): boolean {
  const { BlockList, isIPv4, isIPv6 } = process.getBuiltinModule("node:net");
  const address = host.startsWith("[") ? host.slice(1, -1) : host;
  const family = isIPv4(address) ? "ipv4" : isIPv6(address) ? "ipv6" : null;
  if (family === null) return false;
  const list = new BlockList();
  for (const [net, prefix, type] of PRIVATE_SUBNETS) {
    // Of the address's own family only: the list would take IPv4 for the mapped addresses among the IPv6 ones.
    if (type === family && counts(net)) list.addSubnet(net, prefix, type);
  }
  return list.check(address, family);
}

/** The IPv4 address that a NAT64 gateway would go to (RFC 6052, section 2.1), or `null` if it is none of its addresses. */
function behindNat64(address: string): string | null {
  const normal = URL.parse(`http://[${address}]/`)?.hostname ?? "";
  const [, high, low] = /^\[64:ff9b::(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})?\]$/.exec(normal) ?? [];
  if (!normal.startsWith("[64:ff9b::")) return null;
  const value = (Number.parseInt(high ?? "0", 16) << 16) | Number.parseInt(low ?? "0", 16);
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
}

function refuse(from: URL, what: string, reason: string): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_RESPONSE_INVALID",
    message: `the ${what} that ${from.origin} gave ${reason}`,
    hint: "floe does not follow it. Check that the address is the registry's own and not a proxy's.",
  });
}
