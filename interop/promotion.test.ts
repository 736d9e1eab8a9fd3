import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { crashEnv, peer, run, startDockerRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { cosignAttest, cosignGenerateKeyPair, cosignSign } from "./support/cosign.ts";
import { pushCraneImage } from "./support/crane-image.ts";
import { ENVIRONMENTS, writeProject } from "./support/promotion-project.ts";
import { floeDone, runFloe } from "./support/run-floe.ts";
import { runPeer } from "./support/run-peer.ts";
import { tempFolder } from "./support/temp-folder.ts";

const PROMOTION = "https://floe.dev/attestation/promotion/v1";
const SUMMARY = "https://slsa.dev/verification_summary/v1";

const VULNS = "https://in-toto.io/attestation/vulns/v0.2";

/** What oras knows of an artifact's referrers. */
interface Discovered {
  readonly referrers: readonly {
    readonly digest: string;
    readonly artifactType: string;
    readonly annotations?: Readonly<Record<string, string>>;
  }[];
}

/** A folder with a project, and the repository on a docker-registry that it promotes in. */
async function bench(
  signal: AbortSignal,
  options: {
    readonly auth?: boolean;
    readonly gates?: Readonly<Record<string, unknown>>;
    readonly people?: Readonly<Record<string, string>>;
  } = {},
) {
  await using resources = new AsyncDisposableStack();
  const { path: cwd } = resources.use(await tempFolder());
  const registry = resources.use(
    await startDockerRegistry({ auth: options.auth ?? false, signal }),
  );
  const repository = `${registry.host}/acme/app`;
  const uri = `oci://${repository}`;
  const { gates = {}, people = {} } = options;
  await cosignGenerateKeyPair({ cwd, signal });
  await writeProject(cwd, { uri, artifactKey: "cosign.pub", gates, people, signal });
  const owned = resources.move();
  return {
    cwd,
    registry,
    repository,
    floe: (...args: string[]) => floeDone(args, { cwd, signal }),
    crane: (...args: string[]) => runPeer("crane", args, { cwd, signal }),
    oras: (...args: string[]) => runPeer("oras", args, { cwd, signal }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function promotionsOf({ referrers }: Discovered): string[] {
  return referrers
    .filter(({ annotations }) => annotations?.["dev.sigstore.bundle.predicateType"] === PROMOTION)
    .map(({ annotations }) => annotations?.["dev.floe.promotion.target-env"] ?? "")
    .sort();
}

/** What `cosign verify-attestation` proves with a key: the predicates of all attestations of a type. */
async function provenPredicates(
  reference: string,
  key: string,
  options: { readonly cwd: string; readonly signal: AbortSignal; readonly type?: string },
): Promise<Record<string, unknown>[]> {
  const { type = PROMOTION } = options;
  const flags = ["--key", key, "--type", type, "--insecure-ignore-tlog=true"];
  const { exitCode, stdout, stderr } = await run(
    peer("cosign"),
    ["verify-attestation", ...flags, reference],
    options,
  );
  if (exitCode !== 0) throw new Error(`cosign refuses the record: ${stderr}`);
  return stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => {
      const { payload } = JSON.parse(line) as { payload: string };
      return JSON.parse(Buffer.from(payload, "base64").toString("utf8")).predicate;
    });
}

describe("an artifact of somebody else's tools on docker-registry", () => {
  test("keeps crane's digest and bytes through three environments, and stock tools read the records", async ({
    signal,
  }) => {
    await using project = await bench(signal);
    const { cwd, repository, floe, crane, oras } = project;
    const digest = await pushCraneImage(`${repository}:v1.2.3`, { cwd, signal });
    const bytes = await crane("manifest", `${repository}:v1.2.3`);
    await cosignSign(`${repository}@${digest}`, { cwd, signal });
    const discover = async (): Promise<Discovered> => {
      const json = ["--plain-http", "--format", "json"];
      return JSON.parse(await oras("discover", ...json, `${repository}:v1.2.3`));
    };
    const [signature] = (await discover()).referrers;
    for (const environment of ENVIRONMENTS) await floe("promote", "v1.2.3", "--to", environment);

    const tags = ENVIRONMENTS.flatMap((name) => [`v1.2.3-${name}`, `latest-${name}`]);
    for (const tag of ["v1.2.3", ...tags]) {
      expect(await crane("digest", `${repository}:${tag}`)).toBe(digest);
      expect(await crane("manifest", `${repository}:${tag}`)).toBe(bytes);
    }
    const proven = await provenPredicates(`${repository}@${digest}`, "keys/release.pub", {
      cwd,
      signal,
    });
    expect(proven.map((predicate) => String(predicate["target_environment"])).toSorted()).toEqual(
      ENVIRONMENTS.toSorted(),
    );
    for (const predicate of proven)
      expect(predicate).toMatchObject({
        artifact_digest: digest,
        signature_verified: true,
        operator: "release",
      });
    await expect(
      provenPredicates(`${repository}@${digest}`, "cosign.pub", { cwd, signal }),
    ).rejects.toThrow("cosign refuses");
    const summaries = await provenPredicates(`${repository}@${digest}`, "keys/release.pub", {
      ...{ cwd, signal, type: SUMMARY },
    });
    expect(summaries.map((predicate) => String(predicate["resourceUri"])).toSorted()).toEqual(
      ENVIRONMENTS.map((name) => `oci://${repository}?environment=${name}`).toSorted(),
    );
    for (const predicate of summaries)
      expect(predicate).toMatchObject({ verificationResult: "PASSED" });
    const policy = String(proven[0]?.["policy_digest"]);
    const fetch = ["blob", "fetch", "--plain-http", "--output", "-", `${repository}@${policy}`];
    expect(JSON.parse(await oras(...fetch))).toHaveProperty("gates.policy_compliance");
    const discovered = await discover();
    expect(promotionsOf(discovered)).toEqual(ENVIRONMENTS.toSorted());
    const digests = discovered.referrers.map((referrer) => referrer.digest);
    expect(digests).toHaveLength(1 + 2 * ENVIRONMENTS.length);
    expect(digests).toContain(signature?.digest);
  });

  test("leaves evidence of its tests that cosign verifies, with the report that oras fetches", async ({
    signal,
  }) => {
    const gates = {
      tests: {
        command: ["cp", "junit.xml", "${FLOE_GATE_DIR}/junit.xml"],
        reports: ["${FLOE_GATE_DIR}/junit.xml"],
      },
    };
    await using project = await bench(signal, { gates });
    const { cwd, repository, floe, oras } = project;
    const junit =
      '<testsuite name="b" tests="1"><testcase name="a" classname="b" time="0.1"/></testsuite>';
    await writeFile(join(cwd, "junit.xml"), junit);
    const digest = await pushCraneImage(`${repository}:v1.0.0`, { cwd, signal });
    await cosignSign(`${repository}@${digest}`, { cwd, signal });
    await floe("promote", "v1.0.0", "--to", "dev");
    const proven = async (type: string) =>
      await provenPredicates(`${repository}@${digest}`, "keys/release.pub", { cwd, signal, type });
    expect(await proven("https://in-toto.io/attestation/test-result/v0.1")).toMatchObject([
      { result: "PASSED", configuration: [{ name: "junit.xml" }] },
    ]);
    const [evidence] = await proven("https://floe.dev/attestation/gate-result/v1");
    expect(evidence).toMatchObject({ environment: "dev", result: { status: "passed" } });
    const { pack } = evidence as { pack: { digest: string } };
    const blob = join(cwd, "reports.gz");
    const fetch = ["blob", "fetch", "--plain-http", "--output", blob];
    await oras(...fetch, `${repository}@${pack.digest}`);
    const { reports } = JSON.parse(gunzipSync(await readFile(blob)).toString("utf8"));
    expect(Buffer.from(reports[0].content, "base64").toString("utf8")).toBe(junit);
    await floe("gate", "verify", "v1.0.0", "--env", "dev");
  });

  test("leaves what a scanner found as a statement that cosign verifies, and is judged by one that cosign made", async ({
    signal,
  }) => {
    const vulnerability = {
      ...{ id: "CVE-2024-0001", severity: "Medium", namespace: "nvd:cpe" },
      ...{ fix: { state: "fixed", versions: ["3.0.15"] } },
    };
    const report = {
      matches: [{ vulnerability, artifact: { name: "openssl", version: "3.0.11" } }],
      source: { type: "directory", target: "/" },
      descriptor: { name: "grype", version: "0.94.0", db: { built: "2026-01-02T03:04:05Z" } },
    };
    const found = (...severities: readonly string[]) => ({
      scanner: {
        ...{
          uri: "https://scanner.example",
          version: "1",
          db: { lastUpdate: "2026-01-02T03:04:05Z" },
        },
        result: severities.map((score) => ({
          id: "CVE-2024-0002",
          severity: [{ method: "nvd", score }],
        })),
      },
      metadata: { scanStartedOn: "2026-01-02T03:04:05Z", scanFinishedOn: "2026-01-02T03:05:06Z" },
    });
    const gates = {
      security_scan: {
        command: ["cp", "grype.json", "${FLOE_GATE_DIR}/grype.json"],
        reports: ["${FLOE_GATE_DIR}/grype.json"],
      },
      attested: {
        ...{ kind: "security_scan", block_on_severity: "high" },
        from_attestation: { predicate_type: VULNS, signers: ["scanner"] },
      },
    };
    await using project = await bench(signal, { gates, people: { scanner: "cosign.pub" } });
    const { cwd, repository, floe } = project;
    await writeFile(join(cwd, "grype.json"), JSON.stringify(report));
    const digest = await pushCraneImage(`${repository}:v1.0.0`, { cwd, signal });
    const reference = `${repository}@${digest}`;
    await cosignSign(reference, { cwd, signal });
    await cosignAttest(reference, VULNS, found("6.9"), { cwd, signal });
    await floe("promote", "v1.0.0", "--to", "dev");
    const options = { cwd, signal, type: VULNS };
    const [statement, ...others] = await provenPredicates(reference, "keys/release.pub", options);
    expect(others).toEqual([]);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    // Every field of the specification that is required, and no other than it knows.
    expect(statement).toEqual({
      scanner: {
        ...{ uri: "https://github.com/anchore/grype", version: "0.94.0" },
        db: { lastUpdate: "2026-01-02T03:04:05.000Z" },
        result: [
          {
            ...{ id: "CVE-2024-0001", severity: [{ method: "nvd:cpe", score: "medium" }] },
            annotations: [
              { package: "openssl", version: "3.0.11", fix: "fixed", fixed_in: "3.0.15" },
            ],
          },
        ],
      },
      metadata: { scanStartedOn: time, scanFinishedOn: time },
    });
    expect(await provenPredicates(reference, "cosign.pub", options)).toEqual([found("6.9")]);
    await cosignAttest(reference, VULNS, found("low", "critical"), { cwd, signal });
    const again = ["gate", "run", "attested", "v1.0.0", "--env", "staging", "-o", "json"];
    const { exitCode, stdout } = await runFloe(again, { cwd, signal });
    expect(exitCode, stdout).toBe(8);
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ status: "failed", judged_by: "attestation" },
      summary: expect.stringContaining("1 finding blocks (1 critical): CVE-2024-0002"),
      reused_from: { predicate_type: VULNS, signed_by: "scanner" },
    });
  });

  test("is rolled back with a record that cosign verifies, by its type only", async ({
    signal,
  }) => {
    await using project = await bench(signal);
    const { cwd, repository, floe } = project;
    const digests: string[] = [];
    for (const version of ["v1.0.0", "v1.1.0"]) {
      const digest = await pushCraneImage(`${repository}:${version}`, { cwd, signal });
      await cosignSign(`${repository}@${digest}`, { cwd, signal });
      await floe("promote", version, "--to", "dev");
      digests.push(digest);
    }
    await floe("rollback", "--env", "dev", "--reason", "checkout fails");
    const [first = "", second = ""] = digests;
    const type = "https://floe.dev/attestation/rollback/v1";
    const options = { cwd, signal, type };
    const proven = await provenPredicates(`${repository}@${first}`, "keys/release.pub", options);
    expect(proven).toMatchObject([
      {
        artifact_digest: first,
        previous_digest: second,
        environment: "dev",
        operator: "release",
        reason: "checkout fails",
      },
    ]);
    await expect(
      provenPredicates(`${repository}@${second}`, "keys/release.pub", options),
    ).rejects.toThrow("cosign refuses");
  });

  test("is verified on the registry, and in a copy when the registry is gone", async ({
    signal,
  }) => {
    await using project = await bench(signal);
    const { cwd, repository, floe, crane, oras } = project;
    const digest = await pushCraneImage(`${repository}:v1.0.0`, { cwd, signal });
    await cosignSign(`${repository}@${digest}`, { cwd, signal });
    for (const environment of ENVIRONMENTS) await floe("promote", "v1.0.0", "--to", environment);
    const verify = async (...args: string[]) => {
      const command = ["platform", "verify", "--env", "prod", ...args, "-o", "json"];
      const { exitCode, stdout } = await runFloe(command, { cwd, signal });
      return { exitCode, ...(JSON.parse(stdout) as Readonly<Record<string, unknown>>) };
    };
    expect(await verify()).toMatchObject({ exitCode: 0, trusted: true, digest });
    await floe("artifact", "copy", "latest-prod", "oci-layout:./export", "--with-promotions");
    expect(await oras("resolve", "--oci-layout", "export:latest-prod")).toBe(digest);
    // Another tool moves the tag: that is drift.
    await pushCraneImage(`${repository}:v1.1.0`, { cwd, content: "other", signal });
    await crane("tag", `${repository}:v1.1.0`, "latest-prod");
    expect(await verify()).toMatchObject({ exitCode: 18, error: { code: "FLOE_LEDGER_DRIFT" } });
    await project.registry[Symbol.asyncDispose]();
    expect(await verify("-r", "oci-layout:./export")).toMatchObject({ exitCode: 0, digest });
  });

  test("by oras is promoted with floe's signature, and refused without one", async ({ signal }) => {
    await using project = await bench(signal);
    const { cwd, repository, floe, crane, oras } = project;
    await writeFile(join(cwd, "chart.yaml"), "name: acme\n");
    const push = ["push", "--plain-http", "--artifact-type", "application/vnd.acme.chart"];
    await oras(...push, `${repository}:v2.0.0`, "chart.yaml:text/yaml");
    const digest = await crane("digest", `${repository}:v2.0.0`);
    const unsigned = await runFloe(["promote", "v2.0.0", "--to", "dev", "-o", "json"], {
      cwd,
      signal,
    });
    expect(unsigned.exitCode).toBe(6);
    expect(JSON.parse(unsigned.stdout)).toMatchObject({
      success: false,
      error: { code: "FLOE_SIGNATURE_REQUIRED" },
    });

    await runFloe(["artifact", "keygen", "--output-key-prefix", "keys/artifact"], { cwd, signal });
    const manifest = await readFile(join(cwd, "manifest.yaml"), "utf8");
    await writeFile(
      join(cwd, "manifest.yaml"),
      manifest.replace("cosign.pub", "keys/artifact.pub"),
    );
    await floe("artifact", "sign", "v2.0.0", "--key", "keys/artifact.key");
    for (const environment of ENVIRONMENTS) await floe("promote", "v2.0.0", "--to", environment);
    for (const tag of ["v2.0.0", "v2.0.0-prod", "latest-prod"])
      expect(await crane("digest", `${repository}:${tag}`)).toBe(digest);
    const key = ["--key", "keys/artifact.pub", "--insecure-ignore-tlog=true"];
    await runPeer("cosign", ["verify", ...key, `${repository}@${digest}`], { cwd, signal });
  });

  test("by floe is pulled by oras, byte for byte", async ({ signal }) => {
    await using project = await bench(signal);
    const { cwd, repository, floe, oras } = project;
    const content = `{"service":"hello","n":1}\n`;
    await writeFile(join(cwd, "compiled.json"), content);
    const digest = await floe("artifact", "push", "v1.0.0", "compiled.json");
    expect(await oras("resolve", "--plain-http", `${repository}:v1.0.0`)).toBe(digest);
    await oras("pull", "--plain-http", "-o", "pulled", `${repository}:v1.0.0`);
    expect(await readFile(join(cwd, "pulled/compiled.json"), "utf8")).toBe(content);
  });

  test("is promoted with as many requests as floe says", async ({ signal }) => {
    const gates = Object.fromEntries(
      ["a", "b", "c", "d", "e"].map((name) => [name, { command: ["true"] }]),
    );
    await using project = await bench(signal, { gates });
    const { cwd, registry, repository, floe } = project;
    for (const version of ["v1.0.0", "v1.1.0"]) {
      const reference = `${repository}:${version}`;
      const digest = await pushCraneImage(reference, { cwd, content: version, signal });
      await cosignSign(`${repository}@${digest}`, { cwd, signal });
      await floe("promote", version, "--to", "dev");
    }
    await floe("promote", "v1.0.0", "--to", "staging");
    const before = registry.requests().length;
    const promoted = JSON.parse(await floe("promote", "v1.1.0", "--to", "staging", "-o", "json"));
    const made = registry.requests().slice(before);
    expect(promoted.registry_requests).toBe(made.length);
    expect(made.filter(({ status }) => status >= 500)).toEqual([]);
  });
});

describe("a registry that says no", () => {
  test("takes the user's name and password, and a wrong one is an error of its own", async ({
    signal,
  }) => {
    await using project = await bench(signal, { auth: true });
    const { cwd, registry, repository } = project;
    const { username, password } = registry.credentials ?? { username: "", password: "" };
    const login = ["auth", "login", registry.host, "-u", username, "--password-stdin"];
    await runPeer("crane", login, { cwd, signal, stdin: password });
    const digest = await pushCraneImage(`${repository}:v1.0.0`, { cwd, signal });
    await cosignSign(`${repository}@${digest}`, { cwd, signal });

    const promote = ["promote", "v1.0.0", "--to", "dev", "-o", "json"];
    const as = (given: string) => ({
      cwd,
      signal,
      // The folder is the home of the peers as well; what crane has stored there must not help floe.
      env: {
        HOME: join(cwd, "keys"),
        FLOE_REGISTRY_USERNAME: username,
        FLOE_REGISTRY_PASSWORD: given,
      },
    });
    const wrong = await runFloe(promote, as("wrong-password"));
    expect(wrong.exitCode).toBe(14);
    expect(JSON.parse(wrong.stdout)).toMatchObject({
      success: false,
      error: { code: "FLOE_REGISTRY_UNAUTHORIZED" },
    });
    expect(wrong.stdout + wrong.stderr).not.toContain("wrong-password");
    const right = await runFloe(promote, as(password));
    expect(right).toMatchObject({ exitCode: 0 });
    expect(right.stdout + right.stderr).not.toContain(password);
    expect(await runPeer("crane", ["digest", `${repository}:latest-dev`], { cwd, signal })).toBe(
      digest,
    );
  });

  test("is not there at all: floe gives up after its attempts", async ({ signal }) => {
    await using folder = await tempFolder();
    const { path: cwd } = folder;
    let uri: string;
    {
      await using registry = await startDockerRegistry({ signal });
      uri = `oci://${registry.host}/acme/app`;
    }
    await cosignGenerateKeyPair({ cwd, signal });
    await writeProject(cwd, { uri, artifactKey: "cosign.pub", signal });
    const run = await runFloe(["promote", "v1.0.0", "--to", "dev", "-o", "json"], { cwd, signal });
    expect(run.exitCode).toBe(5);
    expect(JSON.parse(run.stdout)).toMatchObject({
      success: false,
      error: { code: "FLOE_REGISTRY_UNAVAILABLE" },
    });
  });
});

describe("an embedded registry", () => {
  test("of the quickstart is read by oras", async ({ signal }) => {
    await using folder = await tempFolder();
    // The quickstart makes its folder in the system's one for temporary files.
    const env = { TMPDIR: folder.path };
    const told = await floeDone(["quickstart"], { cwd: folder.path, env, signal });
    const place = /^Everything is in (\S+):$/m.exec(told)?.[1] ?? "";
    const layout = join(place, ".floe/registry");
    const options = { cwd: folder.path, signal };
    const tags = (await runPeer("oras", ["repo", "tags", "--oci-layout", layout], options)).split(
      "\n",
    );
    for (const tag of ["v0.1.0", "v0.2.0", "v0.2.0-prod", "latest-prod", "v0.1.0-prod-rollback-1"])
      expect(tags).toContain(tag);
    const discover = ["discover", "--oci-layout", "--format", "json"];
    const found = JSON.parse(
      await runPeer("oras", [...discover, `${layout}:v0.2.0`], options),
    ) as Discovered;
    expect(promotionsOf(found)).toEqual(ENVIRONMENTS.toSorted());
  });

  test("in which a promotion was killed and finished is read by oras", async ({ signal }) => {
    await using folder = await tempFolder();
    const { path: cwd } = folder;
    await floeDone(["init"], { cwd, signal });
    const registry = join(cwd, ".floe/registry");
    const options = { cwd, signal };
    const digest = await runPeer(
      "oras",
      ["resolve", "--oci-layout", `${registry}:v0.1.0`],
      options,
    );
    const promote = ["promote", "v0.1.0", "--to", "dev"];
    // Ever later in what is left to be done, as somebody would whose machine keeps dying.
    for (const at of [2, 3, 4]) {
      const env = crashEnv({ dir: registry, at, phase: "after" });
      expect(await runFloe(promote, { ...options, env })).toMatchObject({ exitCode: null });
      const tags = await runPeer("oras", ["repo", "tags", "--oci-layout", registry], options);
      expect(tags.split("\n")).toContain("v0.1.0");
    }
    await floeDone(promote, options);
    for (const tag of ["v0.1.0", "v0.1.0-dev", "latest-dev"])
      expect(
        await runPeer("oras", ["resolve", "--oci-layout", `${registry}:${tag}`], options),
      ).toBe(digest);
    const discover = ["discover", "--oci-layout", "--format", "json"];
    const found = JSON.parse(
      await runPeer("oras", [...discover, `${registry}:v0.1.0`], options),
    ) as Discovered;
    expect(promotionsOf(found)).toEqual(["dev"]);
  });
});
