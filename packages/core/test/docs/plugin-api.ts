import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const CONTRACT = join(ROOT, "packages/core/src/contract");

/** The files of the contract, each after those whose types it uses. */
const FILES = [
  "api-version",
  "standard-schema",
  "gate",
  "audit-backend",
  "anchor-store",
  "audit-backend-provider",
  "plugin",
] as const;

const FLAGS =
  "--declaration --emitDeclarationOnly --ignoreConfig --module nodenext --target es2024 --lib es2024,esnext.disposable --types node --rewriteRelativeImportExtensions";

const HEADER = `// The declarations of @floe/core/plugin, one file after the other, as the compiler emits them.
// A difference from the source fails a test. Write it anew, after a deliberate change, with:
//   npx pnpm@12 exec vitest run --project core packages/core/test/docs/plugin-contract.test.ts -u
`;

/** Emits the declarations of the plugin contract from its source, so that no build has to be up to date. */
export function emitPluginApi(): string {
  const folder = mkdtempSync(join(tmpdir(), "floe-contract-"));
  try {
    run("tsc", [join(CONTRACT, "index.ts"), "--outDir", folder, ...FLAGS.split(" ")]);
    const parts = FILES.map((file) => readFileSync(join(folder, `${file}.d.ts`), "utf8"));
    const text = [HEADER, ...parts.map((part) => part.replace(/^import .*;\n/gm, ""))].join("\n");
    return run("biome", ["format", "--stdin-file-path=plugin.api.d.ts"], text);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Takes declarations apart: name and text of each, with its documentation. */
export function declarationsOf(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const part of text.split(/\n(?=\/\*\*)/)) {
    const name = /^export (?:declare )?(?:interface|type|function|const|class) (\w+)/m.exec(
      part,
    )?.[1];
    if (name !== undefined) found.set(name, part.trim());
  }
  return found;
}

/** The modules that a file of the contract imports. */
export function importsOf(file: string): string[] {
  const source = readFileSync(join(CONTRACT, file), "utf8");
  return [...source.matchAll(/\b(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(
    ([, module = ""]) => module,
  );
}

/** The names that `@floe/core/plugin` exports. */
export function exportedNames(): string[] {
  const index = readFileSync(join(CONTRACT, "index.ts"), "utf8");
  return [...index.matchAll(/export (?:type )?\{([^}]*)\}/g)]
    .flatMap(([, list = ""]) => list.split(","))
    .map((name) => name.replace(/\btype\b/, "").trim())
    .filter((name) => name !== "")
    .sort();
}

function run(program: string, args: readonly string[], input?: string): string {
  const path = join(ROOT, "node_modules/.bin", program);
  return execFileSync(path, args, {
    encoding: "utf8",
    cwd: ROOT,
    ...(input === undefined ? {} : { input }),
  });
}
