import { expect, test } from "vitest";
import { mergeHistories } from "../../src/promotion/merge-histories.ts";

const events = (environment: string, ...times: string[]) =>
  times.map((at, index) => ({ name: `${environment}${times.length - index}`, at }));
const names = (merged: readonly { readonly name: string }[]) => merged.map(({ name }) => name);

test("histories are merged newest first", () => {
  const merged = mergeHistories([events("dev", "05", "03"), [], events("qa", "06", "04", "01")]);
  expect(names(merged)).toEqual(["qa3", "dev2", "qa2", "dev1", "qa1"]);
});

test("events of one ledger keep their order, whatever their clocks say", () => {
  const merged = mergeHistories([events("dev", "05", "07", "03"), events("qa", "06")]);
  expect(names(merged)).toEqual(["qa1", "dev3", "dev2", "dev1"]);
});
