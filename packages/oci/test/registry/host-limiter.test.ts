import { describe, expect, test } from "vitest";
import { createHostLimiter } from "../../src/registry/host-limiter.ts";

const signal = new AbortController().signal;
const turn = () => new Promise((done) => setImmediate(done));

describe("createHostLimiter", () => {
  test("lets so many in and the others in the order in which they came", async () => {
    const limiter = createHostLimiter();
    const order: number[] = [];
    const leave: (() => void)[] = [];
    for (let index = 0; index < 5; index += 1) {
      const enter = async () => {
        leave.push(await limiter.acquire(2, signal));
        order.push(index);
      };
      void enter();
    }
    await turn();
    expect(order).toEqual([0, 1]);
    leave[0]?.();
    leave[0]?.();
    await turn();
    expect(order).toEqual([0, 1, 2]);
    leave[1]?.();
    leave[2]?.();
    await turn();
    expect(order).toEqual([0, 1, 2, 3, 4]);
  });

  test("one with a higher limit does not overtake the one before it", async () => {
    const limiter = createHostLimiter();
    const order: string[] = [];
    const leave = await limiter.acquire(1, signal);
    const enter = async (name: string, limit: number) => {
      await limiter.acquire(limit, signal);
      order.push(name);
    };
    void enter("low", 1);
    void enter("high", 9);
    await turn();
    expect(order).toEqual([]);
    leave();
    await turn();
    expect(order).toEqual(["low", "high"]);
  });

  test("an abort leaves the line with its reason, and the next moves up", async () => {
    const limiter = createHostLimiter();
    const leave = await limiter.acquire(1, signal);
    const controller = new AbortController();
    const reason = new Error("enough");
    const given = limiter.acquire(1, controller.signal);
    const next = limiter.acquire(1, signal);
    controller.abort(reason);
    await expect(given).rejects.toBe(reason);
    await expect(limiter.acquire(1, controller.signal)).rejects.toBe(reason);
    leave();
    expect(await next).toBeTypeOf("function");
  });
});
