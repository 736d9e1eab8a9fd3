import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import type { PackedPackage } from "./packed-packages.ts";

/** An npm registry on this machine. */
export interface NpmRegistry extends AsyncDisposable {
  readonly url: string;
}

/**
 * Serves packed packages as if they had been published, and sends whoever asks for any other package on to the registry
 * that the machine uses.
 * @param upstream - that registry's URL, with a slash at its end
 */
export async function startNpmRegistry(
  packed: readonly PackedPackage[],
  upstream: string,
): Promise<NpmRegistry> {
  const published = new Map(
    await Promise.all(
      packed.map(async ({ name, tarball }) => {
        const bytes = await readFile(tarball);
        return [name, { bytes, manifest: readManifest(bytes) }] as const;
      }),
    ),
  );
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "/").slice(1));
    const tarball = /^tarballs\/(.+)\.tgz$/.exec(path)?.[1];
    const found = published.get(tarball ?? path);
    if (!found) {
      response.writeHead(302, { location: `${upstream}${(request.url ?? "/").slice(1)}` }).end();
      return;
    }
    if (tarball !== undefined) {
      response.writeHead(200, { "content-type": "application/octet-stream" }).end(found.bytes);
      return;
    }
    const { name, version } = found.manifest;
    const integrity = `sha512-${createHash("sha512").update(found.bytes).digest("base64")}`;
    const dist = { tarball: `${url}tarballs/${encodeURIComponent(name)}.tgz`, integrity };
    const body = {
      ...{ name, "dist-tags": { latest: version } },
      versions: { [version]: { ...found.manifest, dist } },
    };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    url,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

// The package.json in a tarball, without the other files: a header of 512 bytes before each.
function readManifest(tarball: Uint8Array): { readonly name: string; readonly version: string } {
  const tar = gunzipSync(tarball);
  for (let at = 0; at + 512 <= tar.length; ) {
    const name = tar.toString("latin1", at, at + 100).replace(/\0.*$/s, "");
    const size = Number.parseInt(tar.toString("latin1", at + 124, at + 136), 8) || 0;
    if (name === "package/package.json")
      return JSON.parse(tar.toString("utf8", at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error("the tarball has no package.json");
}
