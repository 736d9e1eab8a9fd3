import { readdirSync } from "node:fs";
import { join } from "node:path";
import { startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { aProject, type Project } from "../../bed/a-project.ts";

/** Moves the project's artifact to a registry over HTTP, since a folder needs no cache. */
async function onRegistry(project: Project, host: string): Promise<void> {
  await project.done("artifact", "copy", "v1.0.0", `oci://${host}/acme/app`);
  const uri = "uri: oci-layout:./.floe/registry";
  const cache = `uri: oci://${host}/acme/app\n    cache: { path: kept }`;
  project.write("manifest.yaml", project.read("manifest.yaml").replace(uri, cache));
}

function entries(project: Project): number {
  const found = readdirSync(join(project.dir, "kept"), { recursive: true, withFileTypes: true });
  return found.filter((one) => one.isFile()).length;
}

describe("artifact cache", () => {
  test("holds what was verified and nothing else, and is pruned and cleared", async () => {
    await using registry = await startRegistry();
    await using project = await aProject();
    await onRegistry(project, registry.host);
    await project.done("artifact", "pull", "v1.0.0", "-d", "one");
    expect(() => entries(project)).toThrow("ENOENT");
    // The artifact's manifest, its signature's, and what that names.
    await project.done("artifact", "verify", "v1.0.0");
    expect(entries(project)).toBe(3);

    const pruned = await project.done("artifact", "cache", "prune", "-o", "json");
    expect(pruned.json).toMatchObject({
      success: true,
      path: join(project.dir, "kept"),
      removed_entries: 0,
      left_entries: 3,
    });
    const text = await project.done("artifact", "cache", "prune", "--older-than", "1h");
    expect(text.stdout).toContain("freed 0 B (0 entries)");
    const cleared = await project.done("artifact", "cache", "clear", "-o", "json");
    expect(cleared.json).toMatchObject({ removed_entries: 3, left_entries: 0, left_bytes: 0 });
    expect(entries(project)).toBe(0);
    expect((await project.run("artifact", "cache", "prune", "--older-than", "soon")).code).toBe(2);
  });

  test("lets a signature that counted be read once", async () => {
    await using registry = await startRegistry();
    await using project = await aProject();
    await onRegistry(project, registry.host);
    const asked = async (...args: string[]): Promise<string[]> => {
      const before = registry.requests.length;
      await project.done(...args);
      return registry.requests
        .slice(before)
        .filter(({ method, path }) => method === "GET" && /sha256:/.test(path))
        .map(({ path }) => path.replace(/^.*\/(referrers|manifests|blobs)\/.*$/, "$1"));
    };
    expect(await asked("artifact", "verify", "v1.0.0")).toEqual([
      "referrers",
      "manifests",
      "blobs",
    ]);
    expect(await asked("artifact", "verify", "v1.0.0")).toEqual(["referrers"]);
    // By a key that is not the project's nothing is kept, and what is kept is judged all the same.
    const other = ["artifact", "verify", "v1.0.0", "--key", "keys/release.pub"];
    expect((await project.run(...other)).code).toBe(6);
  });
});
