import type { CheckedPackage } from "../plugins/check-package.ts";
import { plain } from "./paint.ts";

/** A plugin that was installed or linked, as JSON. */
export function installedJson(plugin: CheckedPackage, from: string) {
  const { name, version, origin, root, gates, auditBackends } = plugin;
  return { success: true, name, version, origin, from, root, gates, audit_backends: auditBackends };
}

/** The same for people, with how it is used. */
export function installedText(done: string, plugin: CheckedPackage): string {
  const { name, version, gates, auditBackends } = plugin;
  const lines = [`${done} ${plain(name)} ${plain(version)}`];
  for (const id of gates) lines.push(`  gate ${id}`);
  for (const id of auditBackends) lines.push(`  audit backend ${id}`);
  lines.push("Nothing of it runs before a manifest uses it; see floe gate list.");
  return lines.join("\n");
}
