import { z } from "zod";

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;
const DURATION = /^(\d{1,9})([smhdw])$/;
const BYTES = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
} as const;
const SIZE = /^(\d{1,9}(?:\.\d{1,3})?) ?([KMG]?i?B)$/;

function isUnit<Units extends object>(units: Units, unit: unknown): unit is keyof Units {
  return typeof unit === "string" && Object.hasOwn(units, unit);
}

function secondsOf(text: string): number | null {
  const [, count, unit] = DURATION.exec(text) ?? [];
  return isUnit(SECONDS, unit) ? Number(count) * SECONDS[unit] : null;
}

function bytesOf(text: string): number | null {
  const [, count, unit] = SIZE.exec(text) ?? [];
  return isUnit(BYTES, unit) ? Math.floor(Number(count) * BYTES[unit]) : null;
}

/** A duration as the manifest writes it: `90s`, `24h`, `30d`. */
export const durationSchema = z
  .string()
  .refine((text) => (secondsOf(text) ?? 0) > 0, { error: "expected a duration such as 24h or 30d" })
  .transform((text) => ({ text, milliseconds: (secondsOf(text) ?? 0) * 1000 }));

/** A size: bytes as a number, or `500MB`, `1.5GiB`. */
export const sizeSchema = z
  .union([z.int().positive().transform(String), z.string()])
  .transform((text) => (/^\d+$/.test(text) ? `${text} B` : text))
  .refine((text) => (bytesOf(text) ?? 0) > 0, {
    error: "expected a size such as 500MB or 1.5GiB, or a number of bytes",
  })
  .transform((text) => ({ text, bytes: bytesOf(text) ?? 0 }));
