import { z } from "zod";

/** Settings of the backend: `audit.with`, or the path of `database_url: sqlite:PATH`. */
export const SqliteConfig = z.strictObject({
  /** The database file; a relative path counts from the manifest's folder. */
  path: z
    .string()
    .min(1)
    .max(4096)
    .refine(
      (path) => path !== ":memory:" && !path.startsWith("file:"),
      "expected the path of a file",
    )
    .default(".floe/audit.db"),
});
export type SqliteConfig = z.infer<typeof SqliteConfig>;
