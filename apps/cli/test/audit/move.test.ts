import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { aProject } from "../bed/a-project.ts";
import { problemsOf } from "../docs/output-schemas.ts";

test("floe audit move takes a copy of the manifest that names another place, and nothing else", async () => {
  const gates = { policy_compliance: true };
  await using project = await aProject({ environments: [{ name: "prod", gates }] });
  await project.promote("v1.0.0", "prod");
  const at = (name: string): string => join(project.dir, name);
  const write = (name: string, change: (manifest: Document) => void): void => {
    const manifest = parse(readFileSync(at("manifest.yaml"), "utf8")) as Document;
    change(manifest);
    writeFileSync(at(name), stringify(manifest));
  };
  write("new.yaml", ({ artifacts }) => {
    artifacts.promotion["audit"] = { backend: "database" };
  });
  write("other.yaml", ({ artifacts, metadata }) => {
    artifacts.promotion["audit"] = { backend: "database" };
    metadata["name"] = "other";
  });

  const refused = await project.run("audit", "move", "--to", "other.yaml", "-o", "json");
  const moved = await project.run("audit", "move", "--to", "new.yaml", "-o", "json");
  const again = await project.done("audit", "move", "--to", "new.yaml");

  expect([refused.code, refused.json["error"]]).toEqual([
    2,
    expect.objectContaining({ message: expect.stringContaining("differs in metadata.name") }),
  ]);
  expect([moved.code, problemsOf("audit-move", moved.rows)]).toEqual([0, []]);
  expect(moved.rows).toMatchObject([
    { environment: "prod", status: "moved", to: { location: "sqlite:.floe/audit.db" }, events: 3 },
  ]);
  expect(again.stdout).toContain("is in sqlite (sqlite:.floe/audit.db) already");
  expect((await project.run("audit", "verify", "-o", "json")).code).toBe(18);
  renameSync(at("new.yaml"), at("manifest.yaml"));
  const verified = await project.done("audit", "verify");
  expect(verified.stdout).toContain("events 0 to 2 are in oci (self), which ends with the move of");

  // Back again, and the file is forgotten: what was not seen is not ok, unless somebody says by name that it need not be.
  const previous = [{ backend: "database" }];
  write("back.yaml", ({ artifacts }) => {
    artifacts.promotion["audit"] = { backend: "oci", previous };
  });
  await project.done("audit", "move", "--to", "back.yaml");
  renameSync(at("back.yaml"), at("manifest.yaml"));
  await project.done("audit", "verify");
  write("manifest.yaml", ({ artifacts }) => {
    artifacts.promotion["audit"] = { backend: "oci" };
  });
  const unseen = await project.run("audit", "verify", "-o", "json");
  const [{ verdicts }] = unseen.rows as unknown as [
    { verdicts: Record<string, { verdict: string; summary: string }> },
  ];
  expect([unseen.code, verdicts["integrity"]]).toMatchObject([
    18,
    {
      verdict: "not_checked",
      summary: expect.stringContaining(
        "the 4 events before the ledger was moved are in sqlite (sqlite:.floe/audit.db), and the manifest does not say how to read it",
      ) as string,
    },
  ]);
  const three = ["integrity", "completeness", "authenticity"];
  await project.done("audit", "verify", ...three.flatMap((one) => ["--allow-unchecked", one]));
});

interface Document {
  readonly metadata: Record<string, unknown>;
  readonly artifacts: { readonly promotion: Record<string, unknown> };
}
