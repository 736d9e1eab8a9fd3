import { expect, test } from "vitest";
import { keepingKnown, knownBy } from "../../src/errors/index.ts";

test("an error that ends several runs has the facts of the last one", async () => {
  // As the reason of an aborted signal does.
  const error = new Error("stop");
  for (const trace of ["first", "second"]) {
    const run = keepingKnown((known) => {
      known({ trace_id: trace });
      return Promise.reject(error);
    });
    await expect(run).rejects.toBe(error);
    expect(knownBy(error)).toEqual({ trace_id: trace });
  }
});

test("an error of nobody's run has no facts", () => {
  for (const error of [new Error("x"), "text", null, undefined]) expect(knownBy(error)).toEqual({});
});
