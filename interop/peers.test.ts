import { peer, run, startDockerRegistry } from "@floe/testing";
import { describe, expect, test, vi } from "vitest";
import { tempFolder } from "./support/temp-folder.ts";

describe("the peers themselves", () => {
  test.for([
    ["cosign", "version"],
    ["crane", "version"],
    ["oras", "version"],
    ["docker-registry", "--version"],
  ] as const)("%s starts", async ([name, argument], { signal }) => {
    expect(await run(peer(name), [argument], { signal })).toMatchObject({ exitCode: 0 });
  });

  test("a program's output, input, environment and exit code are all its own", async ({
    signal,
  }) => {
    const script = 'cat; printf "%s" "$WORD" >&2; exit 3';
    const result = await run("/bin/sh", ["-c", script], {
      env: { WORD: "err" },
      stdin: "in",
      signal,
    });
    expect(result).toEqual({ stdout: "in", stderr: "err", exitCode: 3 });
  });

  test("a program that is not there is an error, and an abort ends one that is", async () => {
    const { signal } = new AbortController();
    await expect(run("/nowhere/program", [], { signal })).rejects.toThrow("ENOENT");
    const controller = new AbortController();
    const sleeping = run("/bin/sleep", ["600"], { signal: controller.signal });
    controller.abort();
    await expect(sleeping).rejects.toThrow("aborted");
  });

  test("docker-registry counts its requests", async ({ signal }) => {
    await using registry = await startDockerRegistry({ signal });
    expect(registry.requests()).toEqual([]);
    const response = await fetch(`http://${registry.host}/v2/?x=1`, { signal });
    await response.arrayBuffer();
    expect(registry.requests()).toMatchObject([{ method: "GET", path: "/v2/?x=1", status: 200 }]);
  });

  test("docker-registry with authentication wants its credentials", async ({ signal }) => {
    await using registry = await startDockerRegistry({ auth: true, signal });
    const url = `http://${registry.host}/v2/`;
    expect((await fetch(url, { signal })).status).toBe(401);
    const basic = btoa(`${registry.credentials?.username}:${registry.credentials?.password}`);
    const answer = await fetch(url, { headers: { authorization: `Basic ${basic}` }, signal });
    expect(answer.status).toBe(200);
  });

  test("docker-registry ends with the process that started it, however that ends", async ({
    signal,
  }) => {
    const testing = import.meta.resolve("@floe/testing");
    const script = `
      const { startDockerRegistry } = await import(${JSON.stringify(testing)});
      const registry = await startDockerRegistry();
      console.log(registry.host);
      process.kill(process.pid, "SIGKILL");`;
    const args = ["--conditions=@floe/source", "--input-type=module", "-e", script];
    await using folder = await tempFolder();
    const env = { TMPDIR: folder.path };
    const { stdout, exitCode } = await run(process.execPath, args, { env, signal });
    expect(exitCode).toBeNull();
    const url = `http://${stdout.trim()}/v2/`;
    const answers = () =>
      fetch(url, { signal }).then(
        () => true,
        () => false,
      );
    await vi.waitUntil(async () => !(await answers()), { timeout: 30_000 });
  });

  test("docker-registry is gone after disposal", async ({ signal }) => {
    const registry = await startDockerRegistry({ signal });
    await registry[Symbol.asyncDispose]();
    await expect(fetch(`http://${registry.host}/v2/`, { signal })).rejects.toThrow("fetch failed");
  });
});
