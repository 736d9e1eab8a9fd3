import { homedir } from "node:os";
import { join } from "node:path";

/**
 * The folder that holds the plugins which a user has installed: `plugins` in `FLOE_DATA_DIR`, else in
 * `XDG_DATA_HOME/floe`, else in `~/.local/share/floe`.
 */
export function pluginHome(env: NodeJS.ProcessEnv): string {
  const { FLOE_DATA_DIR: given, XDG_DATA_HOME: data, HOME: home } = env;
  const folder = given || join(data || join(home || homedir(), ".local/share"), "floe");
  return join(folder, "plugins");
}
