import { z } from "zod";

/** Text that tools may leave out or set to null. */
export const optionalText = z.string().nullish();

/** Whole or broken number that tools may leave out. */
export const optionalNumber = z.number().nullish();
