import { expect, test } from "vitest";
import { cleanEnvironment } from "../src/clean-environment.ts";

test("takes the base variables and nothing else", () => {
  const source = { PATH: "/bin", HOME: "/h", LANG: "C", TZ: "UTC", TMPDIR: "/t", CI: "1", X: "y" };

  expect(cleanEnvironment(source, { env: {} }, "token")).toEqual({
    PATH: "/bin",
    HOME: "/h",
    LANG: "C",
    TZ: "UTC",
    TMPDIR: "/t",
    CI: "1",
    FLOE_GATE_RUN: "token",
  });
});

test("gives a path where floe has none", () => {
  expect(cleanEnvironment({}, { env: {} }, "token")["PATH"]).toContain("/usr/bin");
});

test("lets the command's own values win over passed ones, but not over the token", () => {
  const command = { env: { A: "own", FLOE_GATE_RUN: "forged" }, passEnv: ["A", "B"] };

  expect(cleanEnvironment({ PATH: "/bin", A: "outer", B: "b" }, command, "token")).toEqual({
    PATH: "/bin",
    A: "own",
    B: "b",
    FLOE_GATE_RUN: "token",
  });
});

test("keeps the token of an outer run, which must still find its processes", () => {
  const source = { PATH: "/bin", FLOE_GATE_RUN: "outer" };

  expect(cleanEnvironment(source, { env: {} }, "inner")["FLOE_GATE_RUN"]).toBe("outer,inner");
});
