/** Media type of the one layer, and type of the artifact that holds it. */
export const COMPILED_MEDIA_TYPE = "application/vnd.floe.compiled.v1+json";

/** The largest compiled artifact that is read, in bytes. */
export const MAX_COMPILED_BYTES = 32 * 1024 * 1024;
