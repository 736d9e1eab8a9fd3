import { mkdirSync, mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { guessKey } from "../src/begin-opening-key.ts";
import { aProject } from "./bed/a-project.ts";

const SIGNING = "artifacts:\n  signing: { mode: key-based, private_key_ref: keys/release.key }\n";

// What of a manifest, a command line and the environment says which key it will be.
test.for<[what: string, manifest: string, args: string[], guessed: string | null]>([
  ["the signing key", SIGNING, [], "keys/release.key"],
  ["a block", "artifacts:\n  signing:\n    private_key_ref: 'a b'\n", [], "a"],
  ["JSON", '{"signing":{"private_key_ref":"k.key","mode":"key-based"}}', [], "k.key"],
  ["the operator's own key", `${SIGNING}  operator:\n    key_ref: op.key\n`, [], "op.key"],
  ["--key", SIGNING, ["v1", "--key", "mine.key"], "mine.key"],
  ["--key=", SIGNING, ["--key=mine.key"], "mine.key"],
  ["public keys alone", "verification: { public_key_ref: keys/artifact.pub }", [], null],
  ["a variable", "signing: { private_key_ref: env:KEY }", [], null],
  ["a KMS", "signing: { private_key_ref: awskms://alias/a }", [], null],
  ["a password of its own", `${SIGNING}    password_ref: env:P\n`, [], null],
  ["no key", "metadata: { name: a }", [], null],
])("%s", ([, manifest, args, guessed]) => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "floe-guess-"));
  const cwd = join(folder.path, "below");
  mkdirSync(cwd);
  writeFileSync(join(folder.path, "manifest.yaml"), manifest);
  const found = guessKey({ args, env: { COSIGN_PASSWORD: "p" }, cwd });
  const from = args.length > 0 ? cwd : folder.path;
  expect(found).toEqual(guessed && { path: join(from, guessed), password: "p" });
});

test("a wrong guess changes nothing: another key than the one that is guessed signs", async () => {
  await using project = await aProject({ identities: ["alice"] });
  // The comment comes first, and names a key that is not the operator's.
  project.write(
    "manifest.yaml",
    `# key_ref: keys/alice.key, some day\n${project.read("manifest.yaml")}`,
  );
  await project.promote("v1.0.0", "dev");
  const { rows } = await project.done("status", "--env", "dev", "-o", "json");
  expect(rows[0]).toMatchObject({ version: "v1.0.0", promoted_by: "release" });
});
