import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadExemptions } from "../../src/manifest/load-exemptions.ts";
import { aGate, anEnvironment } from "../a-manifest.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "floe-exemptions-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const ENTRY = `
  - id: EX-1
    gate: tests
    match: { id: CVE-2026-1, environments: [prod] }
    owner: ann@acme.example
    reason: not reachable at all
    expires: 2026-12-31
`;

async function load(text: string | null) {
  const path = join(folder, "exemptions.yaml");
  if (text === null) await rm(path, { force: true });
  else await writeFile(path, text);
  const environments = [anEnvironment("prod", { gates: [aGate("tests")] })];
  const signal = new AbortController().signal;
  return await loadExemptions(
    { policies: { exemptions: path }, environments },
    { signal, cwd: folder },
  );
}

describe("the exemptions file", () => {
  test("counts a day to its end in UTC", async () => {
    const [one] = await load(`exemptions:${ENTRY}`);
    expect(one).toMatchObject({ id: "EX-1", until: new Date("2027-01-01T00:00:00Z") });
    const [two] = await load(
      `exemptions:${ENTRY.replace("2026-12-31", "2026-12-31T10:00:00+02:00")}`,
    );
    expect(two?.until).toEqual(new Date("2026-12-31T08:00:00Z"));
  });

  test("that is not named is not read", async () => {
    const options = { signal: new AbortController().signal };
    expect(await loadExemptions({ policies: {}, environments: [] }, options)).toEqual([]);
  });

  test.for([
    ["missing", null, "exemptions.yaml does not exist"],
    ["empty", "", "exemptions.yaml:1:1"],
    ["no map", "[1]", "exemptions.yaml"],
    ["an owner missing", `exemptions:${ENTRY.replace(/ {4}owner.*\n/, "")}`, "owner"],
    [
      "no reason to speak of",
      `exemptions:${ENTRY.replace("not reachable at all", "ok")}`,
      "say why",
    ],
    ["no end", `exemptions:${ENTRY.replace(/ {4}expires.*\n/, "")}`, "expires"],
    [
      "an end that is none",
      `exemptions:${ENTRY.replace("2026-12-31", "2026-02-30")}`,
      "expected a date",
    ],
    ["an unknown key", `exemptions:${ENTRY.replace("owner:", "ownr:")}`, 'did you mean "owner"?'],
    [
      "an unknown gate",
      `exemptions:${ENTRY.replace("gate: tests", "gate: test")}`,
      'no environment has a gate "test"; did you mean "tests"?',
    ],
    [
      "an unknown environment",
      `exemptions:${ENTRY.replace("[prod]", "[prodd]")}`,
      'did you mean "prod"?',
    ],
    ["an id twice", `exemptions:${ENTRY}${ENTRY}`, "a second exemption"],
    [
      "nothing that it matches",
      `exemptions:${ENTRY.replace("id: CVE-2026-1, ", "")}`,
      "names no finding",
    ],
    [
      "a pattern of everything",
      `exemptions:${ENTRY.replace("id: CVE-2026-1", 'subject: "**"')}`,
      "would exempt everything",
    ],
    [
      "a bomb of references",
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b]\nexemptions: []`,
      "exemptions.yaml",
    ],
    ["a megabyte and more", `exemptions: [] # ${"x".repeat(1_100_000)}`, "larger than 1 MiB"],
    ["a key of objects", `exemptions:\n  - __proto__: { id: x }\n`, "exemptions.yaml"],
  ] as const)("with %s is a configuration error", async ([, text, message]) => {
    await expect(load(text)).rejects.toMatchObject({
      code: "FLOE_MANIFEST_INVALID",
      exitCode: 2,
      message: expect.stringContaining(message),
    });
  });
});
