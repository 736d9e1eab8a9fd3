import { readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { isPluginKind, PLUGIN_KINDS, pluginNames } from "./plugin-names.ts";
import { pluginProject } from "./plugin-project.ts";
import { writeProject } from "./write-project.ts";

const USAGE = `usage: npm create floe-plugin ${PLUGIN_KINDS.join("|")} NAME

NAME is layer-limit, floe-plugin-layer-limit or @acme/layer-limit; a folder of that name is made here.
`;

/** What the program needs of its surroundings. */
export interface Surroundings {
  readonly cwd: string;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** The program of `npm create floe-plugin`. @returns its exit code */
export function main(args: readonly string[], { cwd, out, err }: Surroundings): number {
  const [kind, name, ...more] = args;
  if (args.some((word) => word === "--help" || word === "-h")) {
    out(USAGE);
    return 0;
  }
  const names = name === undefined || more.length > 0 ? null : pluginNames(name);
  if (!isPluginKind(kind) || names === null) {
    err(USAGE);
    return 2;
  }
  const folder = resolve(cwd, names.folder);
  const written = writeProject(folder, pluginProject(kind, names, ownVersion()));
  if (written === null) {
    err(`${folder} has something in it already; nothing was written\n`);
    return 2;
  }
  out(`${written.map((path) => `  ${names.folder}/${path}\n`).join("")}
Next:
  cd ${relative(cwd, folder)}
  npm install
  npm test
  npm run build
  floe plugins link
`);
  return 0;
}

// The packages of floe have one version, and this is one of them.
function ownVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}
