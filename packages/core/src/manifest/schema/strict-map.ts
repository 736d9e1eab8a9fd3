import * as z from "zod";

/** Marks the message of an unknown key, so that the names that would have been right can be read from it. */
const KNOWN_KEYS = "known keys: ";

/** A map that refuses unknown keys and says which ones it knows. */
export function strictMap<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
): z.ZodObject<Shape, z.core.$strict> {
  const known = `${KNOWN_KEYS}${Object.keys(shape).join(", ")}`;
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? known : undefined),
  });
}

/** The keys that {@link strictMap} would have known, read from its message. */
export function knownKeysOf(message: string): string[] {
  return message.startsWith(KNOWN_KEYS) ? message.slice(KNOWN_KEYS.length).split(", ") : [];
}
