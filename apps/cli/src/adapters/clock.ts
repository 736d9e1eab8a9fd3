import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "@floe/core";

/** The system's clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  sleep: async (milliseconds, { signal }) => {
    await sleep(milliseconds, undefined, { signal });
  },
};
