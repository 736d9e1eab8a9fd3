import { createHash } from "node:crypto";
import { mkdtempDisposableSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeLines } from "../../src/files/write-lines.ts";

test("lines that are written in several pieces are all there, with their size and digest", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "floe-lines-"));
  const path = join(folder.path, "bundle.jsonl");
  const lines = Array.from({ length: 5000 }, (_, index) => `${index}-${"ä".repeat(500)}`);
  const written = await writeLines(path, lines);
  const bytes = readFileSync(path);
  expect(bytes.toString("utf8") === lines.map((line) => `${line}\n`).join("")).toBe(true);
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  expect(written).toEqual({ size: bytes.byteLength, digest });
  expect(readdirSync(folder.path)).toEqual(["bundle.jsonl"]);
});

test("what cannot be written is refused, and leaves nothing", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "floe-lines-"));
  const path = join(folder.path, "missing", "bundle.jsonl");
  await expect(writeLines(path, ["a"])).rejects.toMatchObject({ code: "FLOE_OUTPUT_FAILED" });
  expect(readdirSync(folder.path)).toEqual([]);
});
