/** The version of the plugin contract in this copy of floe. Independent of `@floe/core`'s own version. */
export const PLUGIN_API_VERSION = "floe.dev/v1";

/** Every contract version that this floe can load. */
export const SUPPORTED_API_VERSIONS: readonly string[] = [PLUGIN_API_VERSION];
