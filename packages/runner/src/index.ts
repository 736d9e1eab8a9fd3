export { type CommandRunnerOptions, createCommandRunner } from "./create-command-runner.ts";
export { createHost } from "./create-host.ts";
