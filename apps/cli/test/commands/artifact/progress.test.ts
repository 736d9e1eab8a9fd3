import { expect, test } from "vitest";
import { aProject } from "../../bed/a-project.ts";

const ERASE = "\r\u001b[K";

const terminal = {
  NODE_OPTIONS: `--import=${new URL("../../bed/pretend-terminal.ts", import.meta.url).href}`,
  TERM: "xterm-256color",
};

test("push and pull show bytes on a terminal, and only there", async () => {
  await using project = await aProject({ versions: [] });
  project.write("app.json", "{}");
  const push = ["artifact", "push", "v1.0.0", "app.json"];
  const shown = await project.runWith({ env: terminal }, ...push);
  expect(shown.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  expect(shown.stderr).toContain(`${ERASE}… reading: 2 B of 2 B 100 %${ERASE}`);
  expect(shown.stderr).toMatch(/… pushing v1\.0\.0: /);
  expect(shown.stderr.endsWith(ERASE)).toBe(true);
  const pulled = await project.runWith(
    { env: terminal },
    "artifact",
    "pull",
    "v1.0.0",
    "-d",
    "out",
  );
  expect(pulled.stderr).toBe(`${ERASE}… pulling v1.0.0: 2 B of 2 B 100 %${ERASE}`);
  const silent = [
    await project.runWith({ env: terminal }, ...push, "--quiet"),
    await project.runWith({ env: { ...terminal, CI: "true" } }, ...push),
    await project.run(...push),
  ];
  expect(silent.map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ""],
    [0, ""],
    [0, ""],
  ]);
});
