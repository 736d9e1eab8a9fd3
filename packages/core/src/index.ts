export * from "./errors/index.ts";
export * from "./model/index.ts";
export type * from "./ports/index.ts";
