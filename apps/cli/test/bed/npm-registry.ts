import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";

/** A package registry in the test's process, with the tarballs that it was given. */
export interface NpmRegistry extends AsyncDisposable {
  readonly url: string;
}

/** What the registry says of a package besides its tarball: what npm needs of its package.json. */
export interface Published {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly tarball: string;
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Serves packages the way npm asks for them; everything else is unknown. */
export async function startNpmRegistry(packages: readonly Published[]): Promise<NpmRegistry> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "").slice(1));
    const { port } = server.address() as AddressInfo;
    const file = packages.find(({ tarball }) => path === `-/${basename(tarball)}`);
    if (file) {
      response.end(readFileSync(file.tarball));
      return;
    }
    const found = packages.filter(({ name }) => name === path);
    const newest = found.at(-1);
    response.setHeader("content-type", "application/json");
    if (!newest) {
      response.writeHead(404).end(JSON.stringify({ error: "Not found" }));
      return;
    }
    const versions = found.map(({ tarball, more, ...pkg }) => {
      const integrity = `sha512-${createHash("sha512").update(readFileSync(tarball)).digest("base64")}`;
      const url = `http://127.0.0.1:${port}/-/${basename(tarball)}`;
      return [pkg.version, { ...more, ...pkg, dist: { tarball: url, integrity } }];
    });
    const tags = { latest: newest.version };
    response.end(
      JSON.stringify({ name: path, "dist-tags": tags, versions: Object.fromEntries(versions) }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
