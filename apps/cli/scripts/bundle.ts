// Builds dist/ from the sources of the app and of the packages that it is made of. One file for each command, and
// chunks for what they share: as hundreds of single files, most of a command's time would go into finding them.
import { readdir, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { writeNotices } from "./write-notices.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const src = join(root, "src");
const dist = join(root, "dist");

// What oclif loads by its path, besides what the launcher loads.
const folders = await Promise.all(
  ["commands", "hooks"].map((name) =>
    readdir(join(src, name), { recursive: true, withFileTypes: true }),
  ),
);
const loaded = folders
  .flat()
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => join(entry.parentPath, entry.name));
const input = Object.fromEntries(
  [join(src, "start.ts"), ...loaded].map((path) => [relative(src, path).slice(0, -3), path]),
);

// Expressions of policies are evaluated in a thread, whose file lies beside whoever starts it.
input["chunks/cel-worker"] = fileURLToPath(
  new URL("../../../packages/policy/src/cel/cel-worker.ts", import.meta.url),
);

// oclif sorts the commands of its manifest in the order of the user's language, and loading the rules of a language takes
// longer than everything else that it does before a command. Their names are ASCII.
const slowSort = ".sort((a, b) => a.id.localeCompare(b.id))";
// Of the same length, so that the source map stays true.
const quickSort = ".sort((a, b) => (a.id < b.id ? -1 : 1))".padEnd(slowSort.length);
let sorts = 0;
const withoutCollation = {
  name: "without-collation",
  transform: {
    filter: { id: /@oclif\/core\/lib\/config\/plugin\.js$/ },
    handler(code: string): { code: string; map: null } {
      sorts += code.split(slowSort).length - 1;
      return { code: code.replaceAll(slowSort, quickSort), map: null };
    },
  },
};

// How clouds give credentials: larger than floe itself, and loaded only by who logs in that way. They are dependencies
// of the command line, so that the built one finds them; a build that could not, fails here.
import.meta.resolve("@aws-sdk/client-ecr");
import.meta.resolve("@aws-sdk/credential-provider-node");
import.meta.resolve("@azure/identity");
import.meta.resolve("google-auth-library");
const clouds = [/^@aws-sdk\//, /^@azure\//, "google-auth-library"];

// TypeScript writes `const name_1 = require("file")` and uses `name_1.something`; most of it is for what a command does not
// do. A file of oclif's is run when something of it is first used.
let lazy = 0;
const lateRequires = {
  name: "late-requires",
  transform: {
    filter: { id: /@oclif\/core\/lib\/.+\.js$/ },
    handler(code: string): { code: string; map: null } {
      const names: string[] = [];
      const declared = code.replace(
        /^(?:const|var) (\w+_\d+) = ((?:__import(?:Default|Star)\()?require\("[^"]+"\)\)?);$/gm,
        (_, name: string, load: string) => {
          names.push(name);
          return `let ${name}$; const ${name}$get = () => (${name}$ ??= ${load});`;
        },
      );
      lazy += names.length;
      return {
        code: names.reduce(
          (text, name) => text.replace(new RegExp(`\\b${name}\\.`, "g"), `(${name}$get()).`),
          declared,
        ),
        map: null,
      };
    },
  },
};

await using bundle = await rolldown({
  input,
  cwd: root,
  plugins: [withoutCollation, lateRequires],
  platform: "node",
  // Of a command's file oclif takes the default export, whatever else it gives to its neighbours.
  preserveEntrySignatures: "allow-extension",
  external: [
    // What oclif would transpile commands with, if they were not built.
    "typescript",
    ...clouds,
  ],
  // The sources, so that an outdated build of a package is never part of this one.
  resolve: { conditionNames: ["@floe/source", "node", "default"] },
  onLog(level, log) {
    throw new Error(`${level}: ${log.message}`);
  },
});
const { output } = await bundle.write({
  dir: dist,
  format: "esm",
  sourcemap: true,
  chunkFileNames: "chunks/[name]-[hash].js",
  // Finding, reading and linking a file takes about a millisecond: what always goes together is one.
  codeSplitting: {
    groups: [
      // On their own, so that whoever needs a little thing beside them does not load them as well.
      { name: "zod", test: /node_modules\/zod\//, priority: 4 },
      { name: "oclif", test: /node_modules\/@oclif\/core\//, priority: 3 },
      {
        name: "command",
        test: /(cli\/src\/(floe-command|open-telemetry)|core\/src\/(errors|model|telemetry)\/.+)\.ts$/,
        priority: 2,
      },
      {
        name: "artifact",
        test: /(cli\/src\/(open-artifact|open-store|artifact-command)|core\/src\/promotion\/(environments|near-names|reason|resolve-artifact))\.ts$|\/fastest-levenshtein\//,
        // What it imports of the core by its front door is not all that is behind it.
        includeDependenciesRecursively: false,
        priority: 1,
      },
      {
        name: "registry",
        test: /oci\/src\/(registry\/create-registry-store|reference|count-bytes|in-parallel)\.ts$/,
      },
    ],
  },
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
});
if (lazy < 100) throw new Error(`oclif loads ${lazy} files in the way that is made late here`);
if (sorts !== 1) throw new Error(`oclif sorts its commands in ${sorts} places, and not in one`);
const notices = "THIRD-PARTY-LICENSES.txt";
await writeNotices(
  output.flatMap((file) => (file.type === "chunk" ? file.moduleIds : [])),
  join(dist, notices),
);

// Last, so that a command that is started meanwhile finds what it needs.
const current = new Set(
  [notices, ...output.map((file) => file.fileName)].map((name) => join(dist, name)),
);
for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (entry.isFile() && !current.has(path)) await rm(path);
}
