import { parse } from "yaml";

/** A shell step of a pipeline file. */
export interface ShellStep {
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
  /** Relative to the project. */
  readonly folder: string;
}

type Variables = Readonly<Record<string, unknown>>;

interface Workflow {
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly env?: Variables;
        readonly steps: readonly {
          readonly run?: string;
          readonly env?: Variables;
          readonly "working-directory"?: string;
        }[];
      }
    >
  >;
}

/** The shell steps of a GitHub Actions workflow, with its expressions replaced. @throws {Error} one has no value */
export function githubSteps(text: string, values: Readonly<Record<string, string>>): ShellStep[] {
  const { jobs } = parse(text) as Workflow;
  const fill = (value: string): string =>
    value.replace(/\$\{\{ ([\w.]+) \}\}/g, (_, name: string) => {
      const known = values[name];
      if (known === undefined) throw new Error(`the test gives no value for ${name}`);
      return known;
    });
  const filled = (env: Variables = {}): Record<string, string> =>
    Object.fromEntries(Object.entries(env).map(([name, value]) => [name, fill(String(value))]));
  return Object.values(jobs).flatMap((job) =>
    job.steps.flatMap((step) =>
      step.run === undefined
        ? []
        : [
            {
              script: fill(step.run),
              env: { ...filled(job.env), ...filled(step.env) },
              folder: step["working-directory"] ?? ".",
            },
          ],
    ),
  );
}

type Job = Readonly<Record<"before_script" | "script", readonly string[]>> & {
  readonly variables: Variables;
};

/** The script of a GitLab job: one shell for all its lines, and variables that name others are expanded. */
export function gitlabStep(text: string, values: Readonly<Record<string, string>>): ShellStep {
  const [job] = Object.values(parse(text) as Record<string, Job>);
  if (!job) throw new Error("the file has no job");
  const env = Object.fromEntries(
    Object.entries(job.variables).map(([name, value]) => [
      name,
      String(value).replace(/\$(\w+)/g, (_, other: string) => values[other] ?? ""),
    ]),
  );
  return {
    script: [...job.before_script, ...job.script].join("\n"),
    env: { ...values, ...env },
    folder: ".",
  };
}
