import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  createAskHelper,
  runCredentialHelper,
} from "../../../src/auth/docker/run-credential-helper.ts";
import { errorOf, messagesOf } from "../../registry/open-store.ts";
import { aHome, type Home } from "./helper-fixture.ts";

const signal = new AbortController().signal;
const question = {
  helper: "test",
  server: "ghcr.io",
  registry: "ghcr.io",
  configured: "/c/config.json",
};
const source = "docker-credential-test (/c/config.json)";

function ask(home: Home, timeoutMs = 30_000) {
  return runCredentialHelper(question, { env: home.env, timeoutMs }, { signal });
}

// Row 31.
describe("a helper", () => {
  test("is asked for the server on its input and gives user and password", async () => {
    using home = aHome();
    home.helper("test", `echo '{"ServerURL":"ghcr.io","Username":"me","Secret":"hunter2"}'`);
    expect(await ask(home)).toEqual({ username: "me", password: "hunter2", source });
    expect(home.asked()).toEqual(["ghcr.io get"]);
  });

  test("gives an identity token under the user <token>", async () => {
    using home = aHome();
    home.helper("test", `echo '{"Username":"<token>","Secret":"hunter2"}'`);
    expect(await ask(home)).toEqual({ identityToken: "hunter2", source });
  });

  test.for([
    "echo 'credentials not found in native keychain'; exit 1",
    'echo \'{"Username":"","Secret":""}\'',
    "echo '{}'",
  ])("has nothing when it says: %s", async (script) => {
    using home = aHome();
    home.helper("test", script);
    expect(await ask(home)).toBeNull();
  });

  test.for([
    ["fails", "echo hunter2; echo hunter2 >&2; exit 3", "exit code 3"],
    ["is killed", "kill -9 $$", "a signal"],
    ["prints text", "echo hunter2", "something else than Username and Secret"],
    ["prints half a document", 'echo \'{"Secret":"hunter2\'', "something else than"],
    ["prints a number", `echo '{"Username":7,"Secret":"hunter2"}'`, "something else than"],
    ["prints without end", "yes hunter2", "more than 65536 bytes"],
  ])("that %s is an error without what it printed", async ([, script = "", words]) => {
    using home = aHome();
    home.helper("test", script);
    const error = await errorOf(ask(home));
    expect(error.code).toBe("FLOE_REGISTRY_LOGIN_FAILED");
    expect(error.message).toContain(`logging in to ghcr.io with ${source} failed: `);
    expect(error.message).toContain(words);
    expect(messagesOf(error)).not.toContain("hunter2");
  });

  test("that hangs is ended with everything that it started", async () => {
    using home = aHome();
    home.helper("test", `sleep 1000 & echo $! >${home.path}/child; wait`);
    const error = await errorOf(ask(home, 500));
    expect(error.message).toContain("did not end within 0.5 seconds");
    const child = readFileSync(`${home.path}/child`, "utf8").trim();
    while (isRunning(child)) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  test("that is not there, or cannot be run, is named with the file that wants it", async () => {
    using home = aHome();
    const error = await errorOf(ask(home));
    expect(error.message).toContain("no such program");
    expect(error.hint).toContain("/c/config.json");
    home.write("bin/docker-credential-test", "not executable");
    expect((await errorOf(ask(home))).message).toContain("cannot be run");
  });

  test.for([
    ["../evil"],
    ["a b"],
    ["a;touch /tmp/x"],
    ["$(id)"],
    ["x".repeat(101)],
    [["list"]],
    [7],
    [null],
  ])("named %j is not run", async ([helper]) => {
    using home = aHome();
    const call = runCredentialHelper(
      { ...question, helper },
      { env: home.env, timeoutMs: 1000 },
      { signal },
    );
    expect((await errorOf(call)).message).toContain("is not the name of a credential helper");
  });

  test("does not get floe's own secrets", async () => {
    using home = aHome();
    home.helper(
      "test",
      `echo "{\\"Username\\":\\"me\\",\\"Secret\\":\\"x$FLOE_KEY_PASSWORD$OTHER\\"}"`,
    );
    const env = { ...home.env, FLOE_KEY_PASSWORD: "hunter2", OTHER: "-other" };
    const given = await runCredentialHelper(question, { env, timeoutMs: 30_000 }, { signal });
    expect(given).toMatchObject({ password: "x-other" });
  });

  test("is ended by an abort, whose reason comes out", async () => {
    using home = aHome();
    home.helper("test", "sleep 60");
    const controller = new AbortController();
    const call = runCredentialHelper(
      question,
      { env: home.env, timeoutMs: 30_000 },
      { signal: controller.signal },
    );
    controller.abort(new Error("enough"));
    await expect(call).rejects.toThrow("enough");
  });
});

describe("answers of helpers", () => {
  test("are kept, also the one that there is nothing, but failures are not", async () => {
    using home = aHome();
    const askHelper = createAskHelper({ env: home.env, timeoutMs: 30_000 });
    home.helper("test", "exit 3");
    await errorOf(askHelper(question, { signal }));
    home.helper("test", `echo '{"Username":"me","Secret":"x"}'`);
    await Promise.all([askHelper(question, { signal }), askHelper(question, { signal })]);
    await askHelper(question, { signal });
    expect(home.asked()).toEqual(["ghcr.io get", "ghcr.io get"]);
    home.helper("test", "echo 'credentials not found in native keychain'; exit 1");
    const other = { ...question, server: "quay.io" };
    expect(await askHelper(other, { signal })).toBeNull();
    expect(await askHelper(other, { signal })).toBeNull();
    expect(home.asked()).toHaveLength(3);
  });
});

/** Whether a process is there and has not ended; its parent may not have noticed its end yet. */
function isRunning(pid: string): boolean {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && !/^\d+ \(.*\) Z/.test(readFileSync(stat, "utf8"));
}
