import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "@floe/testing";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A package as it would be published. */
export interface PackedPackage {
  readonly name: string;
  /** The package's folder in the workspace. */
  readonly folder: string;
  /** Its tarball. */
  readonly tarball: string;
}

/**
 * Packs every package of the workspace that is not private, as publishing would, into a folder.
 * @throws {Error} one of them cannot be packed; the message holds what the packer said
 */
export async function packPackages(
  destination: string,
  options: { readonly signal: AbortSignal },
): Promise<PackedPackage[]> {
  const folders = ["packages", "plugins", "apps"].map((name) => `./${name}/*`);
  const filters = folders.flatMap((folder) => ["--filter", folder]);
  const json = await done(
    "npx",
    ["--yes", "pnpm@12", "-r", ...filters, "list", "--depth", "-1", "--json"],
    { ...options, cwd: ROOT },
  );
  const listed = JSON.parse(json) as { name: string; path: string; private: boolean }[];
  const open = listed.filter((one) => !one.private);
  await done(
    "npx",
    [
      ...["--yes", "pnpm@12", "-r", ...open.flatMap(({ name }) => ["--filter", name])],
      ...["pack", "--pack-destination", destination],
    ],
    { ...options, cwd: ROOT },
  );
  return await Promise.all(
    open.map(async ({ name, path }) => {
      const { version } = JSON.parse(await readFile(join(path, "package.json"), "utf8"));
      const file = `${name.replace(/^@/, "").replace("/", "-")}-${version}.tgz`;
      return { name, folder: path, tarball: join(destination, file) };
    }),
  );
}

/** Installs tarballs and other packages into a folder with npm, as a user outside the workspace does, without running scripts. */
export async function npmInstall(
  folder: string,
  what: readonly string[],
  options: { readonly signal: AbortSignal },
): Promise<void> {
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await done("npm", ["install", ...quiet, ...what], { ...options, cwd: folder });
}

/**
 * Runs a program and gives its standard output.
 * @throws {Error} another exit code than 0
 */
export async function done(
  file: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly signal: AbortSignal },
): Promise<string> {
  const { stdout, stderr, exitCode } = await run(file, args, { ...options, env: npmEnvironment() });
  if (exitCode === 0) return stdout;
  throw new Error(`${file} ${args.join(" ")} ended with ${exitCode}: ${stderr}${stdout}`);
}

/** npm is configured by the user's environment and home: where its packages come from is not a test's to say. */
export function npmEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || name.startsWith("VITEST") || name === "NODE_ENV"
        ? []
        : [[name, value]],
    ),
  );
}

/** A setting of npm's, as it is on this machine. */
export async function npmConfig(name: string): Promise<string> {
  const options = { cwd: ROOT, signal: AbortSignal.timeout(30_000) };
  return (await done("npm", ["config", "get", name], options)).trim();
}
