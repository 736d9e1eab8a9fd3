export { type CommandRunnerOptions, createCommandRunner } from "./create-command-runner.ts";
