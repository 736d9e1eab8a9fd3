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

await using bundle = await rolldown({
  input,
  cwd: root,
  plugins: [withoutCollation],
  platform: "node",
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
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
});
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
