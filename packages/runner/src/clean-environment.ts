/** Variables of floe's own environment that every command gets. Everything else must be named. */
const BASE_VARIABLES: readonly string[] = ["PATH", "HOME", "LANG", "TZ", "TMPDIR", "CI"];

/** Carries the run's token, so that processes which left the group can still be found. */
export const RUN_VARIABLE = "FLOE_GATE_RUN";

/** Used where floe itself was started without a PATH. */
const DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin";

/** An environment as `process.env` types it. */
export type EnvironmentSource = Readonly<Record<string, string | undefined>>;

/**
 * Builds the environment of a command: the base variables, those named in `passEnv`, then `env`, which wins. The
 * run's token is added last and cannot be overridden. Under a floe that is itself a gate, the outer token is kept,
 * so that the outer run still finds what the inner one lost.
 */
export function cleanEnvironment(
  source: EnvironmentSource,
  command: {
    readonly env: Readonly<Record<string, string>>;
    readonly passEnv?: readonly string[];
  },
  token: string,
): Record<string, string> {
  const environment: Record<string, string> = { PATH: DEFAULT_PATH };
  for (const name of [...BASE_VARIABLES, ...(command.passEnv ?? [])]) {
    const value = source[name];
    if (value !== undefined) environment[name] = value;
  }
  Object.assign(environment, command.env);
  const outer = source[RUN_VARIABLE];
  environment[RUN_VARIABLE] = outer === undefined ? token : `${outer},${token}`;
  return environment;
}
