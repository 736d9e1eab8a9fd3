/** Who runs the commands of each page that shows any, from the repository's root. */
export const GUIDES = {
  "README.md": "apps/cli/test/docs/guides.test.ts",
  "docs/guides/approvals.md": "apps/cli/test/docs/guides.test.ts",
  "docs/guides/audit.md": "apps/cli/test/docs/guides.test.ts",
  "docs/guides/copy-and-air-gap.md": "interop/guides.test.ts",
  "docs/guides/deploy.md": "apps/cli/test/docs/guides.test.ts",
  "docs/guides/freeze-and-quarantine.md": "apps/cli/test/docs/guides.test.ts",
  "docs/guides/getting-started.md": "apps/cli/test/docs/guides.test.ts",
  "docs/guides/observe.md": "apps/cli/test/docs/guides.test.ts",
  "docs/guides/sign-and-attest.md": "interop/guides.test.ts",
  "docs/guides/use-core-in-your-app.md": "interop/packed.test.ts",
  "docs/guides/verify-without-floe.md": "interop/guides.test.ts",
  "docs/guides/write-a-gate.md": "interop/support/plugin-authors.ts",
  "docs/guides/write-an-audit-backend.md": "interop/support/plugin-authors.ts",
} as const;

/** A block of commands that no run of its page runs. */
export interface NotRun {
  readonly page: string;
  /** Its first line. */
  readonly begins: string;
  readonly why: string;
  /** A file from the repository's root, and what stands in it: where these commands are run otherwise. */
  readonly instead?: readonly [file: string, text: string];
}

/** All blocks of commands that the runs of their pages leave out. Keep it short: a command that nobody runs is soon wrong. */
export const NOT_RUN: readonly NotRun[] = [
  {
    page: "README.md",
    begins: "npx pnpm@12 quickstart",
    why: "it is a step of CI, in a fresh clone",
    instead: [".ci/run", 'step quickstart "${pnpm[@]}" quickstart'],
  },
  {
    page: "README.md",
    begins: "npx pnpm@12 test",
    why: "it is a step of CI, in a fresh clone, and runs this",
    instead: [".ci/run", 'step test "${pnpm[@]}" test'],
  },
  {
    page: "docs/guides/getting-started.md",
    begins: "$ npx pnpm@12 build",
    why: "it is a step of CI, in a fresh clone; here it would build below running tests",
    instead: [".ci/run", 'step build "${pnpm[@]}" build'],
  },
  {
    page: "docs/guides/promote-in-ci.md",
    begins: "#!/usr/bin/env bash",
    why: "it is the file examples/ci/promote.sh, which is run in pipelines",
    instead: [
      "apps/cli/test/docs/guides.test.ts",
      'blocksOf(page, "bash")).toEqual([example("ci/promote.sh")])',
    ],
  },
  {
    page: "docs/guides/verify-without-floe.md",
    begins: "$ floe platform verify --env prod --print kyverno | kubectl apply -f -",
    why: "it needs a cluster with Kyverno; the page says that it was not run",
  },
];
