import { globSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { ERRORS } from "@floe/core/errors";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const FOLDER = "docs/reference";
const ROWS = 48;

interface Row {
  readonly number: number;
  readonly codes: readonly string[];
  readonly tests: readonly string[];
}

const read = (path: string): string => readFileSync(`${ROOT}${path}`, "utf8");

/** The rows of the page's table, with the codes that they promise and the tests that they link to. */
function rowsOfPage(): Row[] {
  const lines = read(`${FOLDER}/registry-faults.md`).matchAll(/^\| (\d+) \| (.*) \| (.*) \|$/gm);
  return [...lines].map(([, number, promise = "", links = ""]) => ({
    number: Number(number),
    codes: [...promise.matchAll(/`(FLOE_\w+)`/g)].map(([, code = ""]) => code),
    tests: [...links.matchAll(/\]\(([^)]+)\)/g)]
      .map(([, path = ""]) => posix.join(FOLDER, path))
      .sort(),
  }));
}

/** Numbers of rows that a test file says it shows. */
function numbersIn(text: string): number[] {
  const mentions = text.matchAll(/\brows? (\d+(?:(?:, | and )\d+)*)/gi);
  return [...mentions].flatMap(([, list = ""]) => (list.match(/\d+/g) ?? []).map(Number));
}

const files = globSync("{packages/oci,apps/cli}/test/**/*.test.ts", { cwd: ROOT }).sort();
const claims = files.map((path) => ({ path, numbers: new Set(numbersIn(read(path))) }));

test("docs/reference/registry-faults.md has every row once, in order", () => {
  const numbers = rowsOfPage().map(({ number }) => number);
  expect(numbers).toEqual(Array.from({ length: ROWS }, (_, at) => at + 1));
});

test.for(rowsOfPage())("row $number is linked to the tests that carry its number", (row) => {
  const carrying = claims.filter(({ numbers }) => numbers.has(row.number));
  expect(row.tests).toEqual(carrying.map(({ path }) => path));
  expect(row.tests.length).toBeGreaterThan(0);
});

test.for(rowsOfPage())("row $number promises codes that its tests expect", (row) => {
  const text = row.tests.map(read).join("\n");
  for (const code of row.codes) {
    expect(Object.keys(ERRORS)).toContain(code);
    expect(text, `row ${row.number} has no test with ${code}`).toContain(`"${code}"`);
  }
});

test("no test carries a number that is no row", () => {
  const strange = claims.flatMap(({ path, numbers }) =>
    [...numbers].filter((one) => one < 1 || one > ROWS).map((one) => `${path}: ${one}`),
  );
  expect(strange).toEqual([]);
});
