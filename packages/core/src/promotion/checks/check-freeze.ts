import { freezeReasons } from "../freezes.ts";
import type { PromotionCheck } from "./promotion-check.ts";

/** No freeze window stops promotions now, by the store's clock. */
export const checkFreeze: PromotionCheck = ({ target, freezes }) =>
  freezeReasons(target.name, "promote", freezes);
