/** The `Proxy-Authorization` that a proxy's address asks for (RFC 7617), as headers. */
export function proxyAuthorization(proxy: URL): Record<string, string> {
  if (proxy.username === "" && proxy.password === "") return {};
  return { "proxy-authorization": `Basic ${encodePair(proxy)}` };
}

/** What must not be repeated of a proxy's address: its password, alone and as it is sent. */
export function proxySecrets(proxy: URL): string[] {
  return proxy.password === "" ? [] : [proxy.password, decode(proxy.password), encodePair(proxy)];
}

function encodePair({ username, password }: URL): string {
  return Buffer.from(`${decode(username)}:${decode(password)}`, "utf8").toString("base64");
}

/** A stray `%` in a password is taken as it is. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
