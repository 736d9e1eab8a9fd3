import { auditBackendFiles } from "./audit-backend-files.ts";
import { gateFiles } from "./gate-files.ts";
import type { PluginKind, PluginNames } from "./plugin-names.ts";

/** A plugin to be written: paths with `/`, and what is in the files. */
export type PluginProject = Readonly<Record<string, string>>;

/** What a plugin is built and tested with. Exact, so that today's plugin is built the same tomorrow. */
const TOOLS = {
  "@types/node": "24.19.2",
  typescript: "7.0.2",
  vitest: "5.1.1",
};

/**
 * Makes the files of a plugin that builds, passes the checks of the testkit and can be installed.
 * @param floeVersion - of the packages of floe that it is built and tested with, such as `0.1.0`
 */
export function pluginProject(
  kind: PluginKind,
  names: PluginNames,
  floeVersion: string,
): PluginProject {
  const isGate = kind === "gate";
  const own = isGate ? gateFiles(names) : auditBackendFiles(names);
  const pkg = {
    name: names.package,
    version: "0.1.0",
    description: isGate
      ? `The gate ${names.id} for floe`
      : `The audit backend ${names.id} for floe`,
    license: "UNLICENSED",
    type: "module",
    engines: { node: ">=24.15.0" },
    files: ["dist"],
    exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } },
    keywords: ["floe-plugin"],
    floe: {
      apiVersion: "floe.dev/v1",
      gates: isGate ? [names.id] : [],
      auditBackends: isGate ? [] : [names.id],
    },
    scripts: {
      build: "tsc",
      typecheck: "tsc -p tsconfig.check.json",
      test: "vitest run",
      prepack: "npm run build",
    },
    devDependencies: {
      "@floe/core": `^${floeVersion}`,
      "@floe/plugin-testkit": `^${floeVersion}`,
      ...TOOLS,
    },
  };
  return {
    "package.json": json(pkg),
    "tsconfig.json": json({
      compilerOptions: {
        ...{ target: "es2024", lib: ["es2024", "esnext.disposable"], module: "nodenext" },
        ...{ types: ["node"], strict: true, noUncheckedIndexedAccess: true },
        ...{ verbatimModuleSyntax: true, erasableSyntaxOnly: true, skipLibCheck: true },
        ...{ rewriteRelativeImportExtensions: true, declaration: true },
        ...{ rootDir: "src", outDir: "dist" },
      },
      include: ["src"],
    }),
    "tsconfig.check.json": json({
      extends: "./tsconfig.json",
      compilerOptions: { noEmit: true, rootDir: "." },
      include: ["src", "test"],
    }),
    ".gitignore": "node_modules\ndist\n*.tgz\n",
    "README.md": readme(kind, names),
    ...own,
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function readme(kind: PluginKind, { package: name, id }: PluginNames): string {
  const use =
    kind === "gate"
      ? `plugins: { use: [${JSON.stringify(name)}] }\nartifacts:\n  promotion:\n    environments:\n      - name: prod\n        gates: { policy_compliance: true, ${id}: { max: 10 } }`
      : `plugins: { use: [${JSON.stringify(name)}] }\nartifacts:\n  promotion:\n    audit: { backend: ${id}, with: { path: ledger } }`;
  return `# ${name}

${kind === "gate" ? `The gate \`${id}\`` : `The audit backend \`${id}\``} for floe.

\`\`\`sh
npm install
npm test            # the checks that every plugin has to stand
npm run build
floe plugins link   # use it where it is, while you work on it
npm pack            # what others install: floe plugins install file:…, or their package manager
\`\`\`

In a manifest:

\`\`\`yaml
${use}
\`\`\`
`;
}
