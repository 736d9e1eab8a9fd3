import { randomUUID } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { nearNames } from "@floe/core";
import { FloeError } from "@floe/core/errors";
import { type InstalledPlugin, listInstalledPlugins, PASSING } from "./installed-plugins.ts";

/**
 * Removes a plugin that was installed, or the link to one. Also one that cannot be read.
 * @throws {FloeError} FLOE_PLUGIN_NOT_FOUND - no such plugin is installed
 */
export async function uninstallPlugin(name: string, home: string): Promise<InstalledPlugin> {
  const found = findInstalled(name, home);
  // Out of the way in one step: a folder that is only half removed would be a broken plugin.
  const gone = join(home, `${PASSING}old-${randomUUID()}`);
  await rename(found.folder, gone);
  await rm(gone, { recursive: true, force: true });
  return found;
}

/**
 * Finds a plugin that the user has installed.
 * @throws {FloeError} FLOE_PLUGIN_NOT_FOUND - there is none of that name
 */
function findInstalled(name: string, home: string): InstalledPlugin {
  const installed = listInstalledPlugins(home);
  const found = installed.find((plugin) => plugin.name === name);
  if (found) return found;
  const near = nearNames(
    name,
    installed.map((plugin) => plugin.name),
  );
  throw new FloeError({
    code: "FLOE_PLUGIN_NOT_FOUND",
    message: `no plugin ${name} is installed for you`,
    hint:
      near.length > 0
        ? `Did you mean: ${near.join(", ")}?`
        : "See floe plugins. A plugin of the project is removed with the project's package manager, and those that come with floe stay.",
    details: { plugin: name, near },
  });
}

/**
 * Finds a plugin that can be installed again from where it came.
 * @throws {FloeError} FLOE_PLUGIN_NOT_FOUND - there is none of that name
 * @throws {FloeError} FLOE_USAGE_INVALID - it is a link
 */
export function findUpdatable(name: string, home: string): InstalledPlugin {
  const found = findInstalled(name, home);
  if (found.origin !== "link" && found.from !== "") return found;
  throw new FloeError({
    code: "FLOE_USAGE_INVALID",
    message:
      found.origin === "link"
        ? `${name} is a link to ${found.root}: what is there counts already`
        : `floe does not know where ${name} came from`,
    hint: "Install it: floe plugins install …",
    details: { plugin: name },
  });
}
