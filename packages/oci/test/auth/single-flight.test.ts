import { describe, expect, test } from "vitest";
import { createSingleFlight, orAborted } from "../../src/auth/single-flight.ts";

const signal = new AbortController().signal;

describe("createSingleFlight", () => {
  test("work of one key runs once at a time, and all get its result", async () => {
    const flight = createSingleFlight<number>();
    let runs = 0;
    const run = async () => {
      runs += 1;
      return runs;
    };
    expect(await Promise.all([flight("a", signal, run), flight("a", signal, run)])).toEqual([1, 1]);
    expect(await flight("a", signal, run)).toBe(2);
  });

  test("work of two keys runs side by side", async () => {
    const flight = createSingleFlight<string>();
    const { promise, resolve } = Promise.withResolvers<string>();
    const first = flight("a", signal, () => promise);
    expect(await flight("b", signal, async () => "b")).toBe("b");
    resolve("a");
    expect(await first).toBe("a");
  });

  test("an error is everybody's, and is not kept", async () => {
    const flight = createSingleFlight<number>();
    const fail = () => Promise.reject(new RangeError("no"));
    const both = await Promise.allSettled([flight("a", signal, fail), flight("a", signal, fail)]);
    expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await flight("a", signal, async () => 1)).toBe(1);
  });

  test("when the one who began gives up, one of those who wait begins again", async () => {
    const flight = createSingleFlight<number>();
    const controller = new AbortController();
    const first = flight("a", controller.signal, () =>
      orAborted(new Promise(() => {}), controller.signal),
    );
    const others = [flight("a", signal, async () => 2), flight("a", signal, async () => 3)];
    controller.abort(new Error("enough"));
    await expect(first).rejects.toThrow("enough");
    expect(await Promise.all(others)).toEqual([2, 2]);
  });

  test("one who waits and gives up does not end the work of the others", async () => {
    const flight = createSingleFlight<number>();
    const controller = new AbortController();
    const { promise, resolve } = Promise.withResolvers<number>();
    const first = flight("a", signal, () => promise);
    const second = flight("a", controller.signal, () => promise);
    controller.abort(new Error("enough"));
    await expect(second).rejects.toThrow("enough");
    resolve(1);
    expect(await first).toBe(1);
    await expect(flight("a", controller.signal, () => promise)).rejects.toThrow("enough");
  });
});
