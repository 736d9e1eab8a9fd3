import { describe, expect, test } from "vitest";
import { aProject, type Project } from "./bed/a-project.ts";
import { readStatement } from "./bed/read-statement.ts";

/** A project whose only environment runs one gate, which leaves what it sees in `seen.json`. */
async function seeing(gate: Readonly<Record<string, unknown>>): Promise<Project> {
  const project = await aProject({
    environments: [{ name: "dev", gates: { policy_compliance: true, look: gate } }],
  });
  project.write(
    "look.mjs",
    'import { writeFileSync } from "node:fs"; writeFileSync("seen.json", JSON.stringify({ argv: process.argv.slice(2), env: process.env }));',
  );
  return project;
}

interface Seen {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

async function seen(project: Project): Promise<Seen> {
  await project.done("gate", "run", "look", "v1.0.0", "--env", "dev");
  return JSON.parse(project.read("seen.json")) as Seen;
}

describe("a command", () => {
  test("as text is split into words with shell quoting, and no shell sees it", async () => {
    await using project = await seeing({
      command:
        "node look.mjs 'two words' \"and more\" back\\ slash '$(touch pwned)' '`id`' '*' ~ $HOME ''",
    });
    const { argv } = await seen(project);
    expect(argv).toEqual([
      "two words",
      "and more",
      "back slash",
      "$(touch pwned)",
      "`id`",
      "*",
      "~",
      "$HOME",
      "",
    ]);
    expect(() => project.read("pwned")).toThrow("ENOENT");
  });

  test("with an operator outside quotes is refused with 2: it would need a shell", async () => {
    for (const command of [
      "make test | tee log",
      "a && b",
      "a; b",
      "a > b",
      "echo $(id)",
      "echo 'open",
    ]) {
      await using project = await seeing({ command });
      const run = await project.run("manifest", "validate");
      expect(run.code).toBe(2);
      expect(run.stderr).toMatch(/manifest\.yaml:\d+:\d+ .*look\.command/);
    }
  });

  test("gets placeholders inside its words, whatever they hold", async () => {
    await using project = await seeing({
      command: [
        "node",
        "look.mjs",
        "--image=${ARTIFACT_REF}",
        "${ARTIFACT_DIGEST}",
        "${ARTIFACT_TAG}",
        "${SOURCE_ENV}-to-${TARGET_ENV}",
        "${FLOE_GATE_DIR}/out.json",
      ],
    });
    const { argv, env } = await seen(project);
    const digest = (await project.tags())["v1.0.0"];
    expect(argv.slice(0, 4)).toEqual([
      `--image=oci-layout:./.floe/registry@${digest}`,
      digest,
      "v1.0.0",
      "none-to-dev",
    ]);
    expect(argv[4]).toBe(`${env["FLOE_GATE_DIR"]}/out.json`);
    expect(env).toMatchObject({
      FLOE_GATE: "look",
      FLOE_ARTIFACT_REF: `oci-layout:./.floe/registry@${digest}`,
      FLOE_ARTIFACT_DIGEST: digest,
      FLOE_ARTIFACT_TAG: "v1.0.0",
      FLOE_SOURCE_ENV: "none",
      FLOE_TARGET_ENV: "dev",
      FLOE_DRY_RUN: "true",
      FLOE_ATTEMPT: "1",
      FLOE_TRACE_ID: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });

  test("with an unknown placeholder is refused with 2 and the near one is named", async () => {
    await using project = await seeing({ command: ["node", "look.mjs", "${ARTEFACT_REF}"] });
    const run = await project.run("manifest", "validate");
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(
      /unknown placeholder "\$\{ARTEFACT_REF\}"; did you mean "\$\{ARTIFACT_REF\}"\?/,
    );
  });

  test("with shell: true is a script that finds the values in its environment only", async () => {
    await using project = await seeing({
      shell: true,
      command:
        'echo "$FLOE_ARTIFACT_TAG" | tr a-z A-Z > script.txt && node look.mjs "$(cat script.txt)"',
    });
    expect((await seen(project)).argv).toEqual(["V1.0.0"]);
    await using wrong = await seeing({ shell: true, command: "echo ${ARTIFACT_TAG}" });
    const run = await wrong.run("manifest", "validate");
    expect(run.code).toBe(2);
    expect(run.stderr).toContain("FLOE_ARTIFACT_TAG");
  });

  test("sees only the variables that are named for it", async () => {
    await using project = await seeing({
      command: ["node", "look.mjs"],
      env: { MODE: "strict" },
      pass_env: ["BUILD_ID", "NOT_SET"],
    });
    const given = {
      BUILD_ID: "77",
      AWS_SECRET_ACCESS_KEY: "do not pass on",
      FLOE_SIGNING_KEY: "keys/release.key",
    };
    await project.runWith({ env: given }, "gate", "run", "look", "v1.0.0", "--env", "dev");
    const { env } = JSON.parse(project.read("seen.json")) as Seen;
    expect(env).toMatchObject({ MODE: "strict", BUILD_ID: "77" });
    expect(env).not.toHaveProperty("AWS_SECRET_ACCESS_KEY");
    expect(env).not.toHaveProperty("FLOE_SIGNING_KEY");
    expect(env).not.toHaveProperty("NOT_SET");
  });
});

describe("a secret", () => {
  const SECRET = "hunter2-but-longer";
  const gate = {
    command: ["sh", "-c", 'echo "token is $TOKEN"; echo "login with $TOKEN failed" >&2; exit 1'],
    secret_env: { TOKEN: "env:SCAN_TOKEN" },
  };

  test("never appears in output, JSON or records, though the command prints it", async () => {
    await using project = await seeing({ ...gate, required: false });
    const env = { SCAN_TOKEN: SECRET };
    const json = await project.runWith(
      { env },
      "promote",
      "v1.0.0",
      "--to",
      "dev",
      "-o",
      "json",
      "--verbose",
    );
    expect(json.code).toBe(0);
    const [, look] = json.json["gate_results"] as {
      status: string;
      reasons: { message: string }[];
    }[];
    expect(look?.status).toBe("failed");
    expect(look?.reasons[0]?.message).toContain("login with ***");
    const record = await readStatement(project, `floe-rec.${String(json.json["promotion_id"])}`);
    const alone = await project.runWith(
      { env },
      "gate",
      "run",
      "look",
      "v1.0.0",
      "--env",
      "dev",
      "--verbose",
    );
    for (const text of [
      json.stdout,
      json.stderr,
      JSON.stringify(record),
      alone.stdout,
      alone.stderr,
    ])
      expect(text).not.toContain(SECRET);
    expect(alone.stdout).toContain("***");
  });

  test("never appears where the gate blocks", async () => {
    await using project = await seeing(gate);
    const run = await project.runWith(
      { env: { SCAN_TOKEN: SECRET } },
      "promote",
      "v1.0.0",
      "--to",
      "dev",
    );
    expect(run.code).toBe(8);
    const history = await project.done("platform", "history", "-o", "json");
    for (const text of [run.stdout, run.stderr, history.stdout]) expect(text).not.toContain(SECRET);
  });

  test("that cannot be read blocks with 8 and names the variable", async () => {
    await using project = await seeing(gate);
    const run = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(run.code).toBe(8);
    expect(run.json["error"]).toMatchObject({ message: expect.stringContaining("SCAN_TOKEN") });
  });
});
