import { Flags } from "@oclif/core";
import { FloeCommand } from "../../../floe-command.ts";
import { nearestManifest } from "../../../open-artifact.ts";
import { openContentCache } from "../../../open-cache.ts";
import { parseWait } from "../../../parse-flags.ts";
import { cacheJson, cacheText } from "../../../render/cache.ts";

export default class Prune extends FloeCommand {
  static override summary = "Make the cache of artifact content smaller";
  static override description =
    "What was not used for longest goes first, until what the manifest allows is left (artifacts.registry.cache).";
  static override examples = [
    "<%= config.bin %> artifact cache prune",
    "<%= config.bin %> artifact cache prune --older-than 12h",
  ];
  static override flags = {
    "older-than": Flags.string({
      description: "Only what was not used for so long; default the manifest's ttl_hours",
      helpValue: "DURATION",
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Prune);
    const older = flags["older-than"];
    const olderThanMs = older === undefined ? undefined : parseWait(older);
    const manifest = await nearestManifest({
      manifestPath: flags.manifest,
      env: process.env,
      cwd: process.cwd(),
      version: this.config.version,
      signal: this.signal,
    });
    const { path, maxBytes, maxAgeMs, cache } = await openContentCache(manifest, process.env);
    const removal = await cache.prune(
      olderThanMs === undefined
        ? { maxBytes, olderThanMs: maxAgeMs }
        : { maxBytes: Number.POSITIVE_INFINITY, olderThanMs },
    );
    await this.result(cacheJson(path, removal), () => cacheText(path, removal));
  }
}
