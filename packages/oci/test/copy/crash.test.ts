import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { startRegistry, type TestRegistry, type WriteEvent } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { putRelease, storeOn } from "./copy-fixture.ts";

const PROGRAM = fileURLToPath(new URL("./children/copy-once.ts", import.meta.url));

/** Runs a copy as a process of its own, and gives it to the hook of every write at the destination. */
async function copyInProcess(
  source: TestRegistry,
  target: TestRegistry,
  onWrite: (event: WriteEvent, kill: () => void) => unknown = () => undefined,
): Promise<{ readonly stdout: string; readonly signal: NodeJS.Signals | null }> {
  const uris = [`oci://${source.host}/acme/app`, `oci://${target.host}/mirror/app`];
  const args = ["--conditions=@floe/source", PROGRAM, ...uris, "v1.0.0"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  target.configure({ onWrite: (event) => onWrite(event, () => child.kill("SIGKILL")) });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  return await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (_, signal) => resolve({ stdout, signal }));
  });
}

// Row 38.
describe("a copy that is killed", () => {
  test("leaves no tag before everything is there, and the next one does the rest", async () => {
    await using source = await startRegistry();
    await using target = await startRegistry();
    await using from = storeOn(source.host, "acme/app");
    const release = await putRelease(from, "v1.0.0");
    expect((await copyInProcess(source, target)).stdout).toBe("copied\n");
    const complete = target.tags("mirror/app");
    const writes = target.writes;
    expect(writes).toBe(14);

    const phases = ["before", "after"] as const;
    const points = Array.from({ length: writes }, (_, n) => n + 1);
    for (const ordinal of points) {
      const phase = phases[ordinal % 2];
      target.reset();
      const killed = await copyInProcess(source, target, (event, kill) => {
        if (event.ordinal !== ordinal || event.phase !== phase) return undefined;
        kill();
        return "drop";
      });
      expect(killed).toEqual({ stdout: "", signal: "SIGKILL" });
      const everything = release.manifests.every((digest) => target.manifest("mirror/app", digest));
      if (target.tags("mirror/app")["v1.0.0"] !== undefined) expect(everything).toBe(true);
      expect((await copyInProcess(source, target)).stdout).toBe("copied\n");
      expect(target.tags("mirror/app")).toEqual(complete);
      for (const digest of release.manifests)
        expect(target.manifest("mirror/app", digest)).not.toBeNull();
    }
  }, 240_000);
});
