import { Flags } from "@oclif/core";

/** `--spec`, on every command that compiles. */
export const specFlag = {
  spec: Flags.string({
    default: "floe.yaml",
    description: "The spec: what the platform is made of",
  }),
};
