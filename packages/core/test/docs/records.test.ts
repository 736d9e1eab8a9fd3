import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { membersOf } from "./exported-names.ts";

const at = (path: string): URL => new URL(`../../../../${path}`, import.meta.url);
const reference = readFileSync(at("docs/reference/records.md"), "utf8");
const events = readFileSync(at("packages/core/src/ledger/event.ts"), "utf8");
const records = at("packages/core/src/model/records.ts");

/** First cells of the table that follows a heading. */
function rowsUnder(heading: string): string[] {
  const [, after = ""] = reference.split(`\n${heading}\n`);
  const [section = ""] = after.split(/^#+ /m);
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell = ""]) => cell);
}

/** The keys of a schema's source, one level deep. */
function keysIn(source: string, indent: number): string[] {
  if (!source.includes("\n")) return [...source.matchAll(/(\w+): /g)].map(([, key = ""]) => key);
  const key = new RegExp(`^ {${indent}}(\\w+): `, "gm");
  return [...source.matchAll(key)].map(([, name = ""]) => name);
}

function schemaKeys(name: string): string[] {
  const found = new RegExp(`const ${name} = z\\.looseObject\\(\\{([\\s\\S]*?)\\n?\\}\\);`).exec(
    events,
  );
  return keysIn(found?.[1] ?? "", 2);
}

/** The bodies of the events by kind; one that is a schema of its own is looked up. */
function bodies(): ReadonlyMap<string, readonly string[]> {
  const block = /const Bodies = \{\n([\s\S]*?)\n\} as const;/.exec(events)?.[1] ?? "";
  const kinds = block.matchAll(
    /^ {2}(\w+): (?:z\.looseObject\(\{([\s\S]*?)(?:\n {2})?\}\)|(\w+)),$/gm,
  );
  return new Map(
    [...kinds].map(([, kind = "", inline, name = ""]) => [
      kind,
      inline === undefined ? schemaKeys(name) : keysIn(inline, 4),
    ]),
  );
}

describe("docs/reference/records.md", () => {
  test.each([
    ["## Promotion record", "PromotionRecord"],
    ["## Rollback record", "RollbackRecord"],
    ["## Verification summary", "VerificationSummary"],
    ["## Recorded approval", "RecordedApproval"],
    ["## Approval statement", "ApprovalStatement"],
    ["## Quarantine statement", "QuarantineStatement"],
    ["## Gate result", "GateResult"],
    ["## Gate evidence", "GateResultStatement"],
    ["## Impact analysis", "ImpactAnalysis"],
  ])("lists the members under %s", (heading, name) => {
    expect(rowsUnder(heading)).toEqual(membersOf(records, name));
  });

  test.each([
    ["## Event", "Frame"],
    ["### Actor", "EventActor"],
    ["### State", "LedgerState"],
  ])("lists the members under %s", (heading, name) => {
    expect(rowsUnder(heading)).toEqual(schemaKeys(name));
  });

  test("has a section for every kind of event, and no other", () => {
    const [, section = ""] = reference.split("\n### Bodies\n");
    const [kinds = ""] = section.split(/^## /m);
    expect([...kinds.matchAll(/^#### (\w+)$/gm)].map(([, kind]) => kind)).toEqual([
      ...bodies().keys(),
    ]);
  });

  test.each([...bodies()])("lists the members of the body of %s", (kind, keys) => {
    expect(keys).not.toEqual([]);
    expect(rowsUnder(`#### ${kind}`)).toEqual(keys);
  });
});
