import type { TelemetryFacts } from "@floe/core/ports";
import type { Attributes } from "@opentelemetry/api";

/** The most characters of one value. */
const MAX_LENGTH = 4096;

/** Takes secrets out of texts. */
export type Mask = (text: string) => string;

/** A text as it may leave the machine: without secrets first, and only then cut, since a part of a secret is not recognised. */
export function cleanText(text: string, mask: Mask): string {
  return mask(text).toWellFormed().slice(0, MAX_LENGTH);
}

/** Facts as attributes: every text masked and cut, and what says nothing left out. */
export function cleanFacts(facts: TelemetryFacts, mask: Mask): Attributes {
  const attributes: Attributes = {};
  for (const [name, value] of Object.entries(facts)) {
    if (typeof value === "string") attributes[name] = cleanText(value, mask);
    else if (typeof value === "number") {
      if (Number.isFinite(value)) attributes[name] = value;
    } else if (typeof value === "boolean") attributes[name] = value;
    else if (value) attributes[name] = value.map((text) => cleanText(text, mask));
  }
  return attributes;
}
