import { FloeCommand } from "../../../floe-command.ts";
import { nearestManifest } from "../../../open-artifact.ts";
import { openContentCache } from "../../../open-cache.ts";
import { cacheJson, cacheText } from "../../../render/cache.ts";

export default class Clear extends FloeCommand {
  static override summary = "Empty the cache of artifact content";
  static override description = "Nothing is lost: what is needed again is fetched again.";
  static override examples = ["<%= config.bin %> artifact cache clear"];

  async run(): Promise<void> {
    const { flags } = await this.parse(Clear);
    const manifest = await nearestManifest({
      manifestPath: flags.manifest,
      env: process.env,
      cwd: process.cwd(),
      version: this.config.version,
      signal: this.signal,
    });
    const { path, cache } = await openContentCache(manifest, process.env);
    const removal = await cache.clear();
    await this.result(cacheJson(path, removal), () => cacheText(path, removal));
  }
}
