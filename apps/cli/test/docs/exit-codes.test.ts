import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startRegistry, type TestRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { aProject, go, type Project, type ProjectOptions } from "../bed/a-project.ts";
import type { Run } from "../bed/floe.ts";

const page = readFileSync(
  new URL("../../../../docs/reference/exit-codes.md", import.meta.url),
  "utf8",
);
const promised = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));

const gates = { policy_compliance: true };
const TO_DEV = ["promote", "v1.0.0", "--to", "dev"];

/** A way to an exit code: what somebody does, and the string code that says it exactly. */
interface Way {
  readonly how: string;
  readonly code: number;
  /** `null`: there is no error. */
  readonly name: string | null;
  readonly run: () => Promise<Run>;
}

async function inProject(
  options: ProjectOptions,
  act: (project: Project) => Promise<Run>,
): Promise<Run> {
  await using project = await aProject(options);
  return await act(project);
}

/** The same with the manifest pointing to an HTTP registry that is not asked twice, and a version there. */
async function onRegistry(
  act: (project: Project, registry: TestRegistry) => Promise<Run>,
  more: { readonly secondary?: string } = {},
): Promise<Run> {
  await using registry = await startRegistry();
  await using project = await aProject({ versions: [] });
  const manifest = parse(project.read("manifest.yaml")) as { artifacts: Record<string, unknown> };
  const resilience = { retry: { max_attempts: 1 } };
  manifest.artifacts["registry"] = { uri: `oci://${registry.host}/acme/app`, resilience };
  if (more.secondary !== undefined)
    manifest.artifacts["secondary_registries"] = [{ name: "eu", uri: more.secondary, resilience }];
  project.write("manifest.yaml", stringify(manifest));
  project.write("app.json", "{}");
  await project.done("artifact", "push", "v1.0.0", "app.json");
  await project.done("artifact", "sign", "v1.0.0", "--key", "keys/artifact.key");
  return await act(project, registry);
}

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

const WAYS: readonly Way[] = [
  {
    how: "a promotion that nothing stands against",
    ...{ code: 0, name: null },
    run: () => inProject({}, (project) => project.run(...TO_DEV)),
  },
  {
    how: "a bug: something that floe relies on is broken under it",
    ...{ code: 1, name: "FLOE_BUG" },
    run: () =>
      inProject({}, (project) => {
        const broken = new URL("../bed/broken-math.ts", import.meta.url).href;
        return project.runWith({ env: { NODE_OPTIONS: `--import=${broken}` } }, "status");
      }),
  },
  {
    how: "a flag that does not exist",
    ...{ code: 2, name: "FLOE_USAGE_INVALID" },
    run: () => inProject({}, (project) => project.run("status", "--nonsense")),
  },
  {
    how: "a version that nobody has published",
    ...{ code: 3, name: "FLOE_ARTIFACT_NOT_FOUND" },
    run: () => inProject({}, (project) => project.run("promote", "v9.9.9", "--to", "dev")),
  },
  {
    how: "a push over a version that is there",
    ...{ code: 4, name: "FLOE_TAG_IMMUTABLE" },
    run: () =>
      inProject({}, (project) => {
        project.write("app.json", "{}");
        return project.run("artifact", "push", "v1.0.0", "app.json");
      }),
  },
  {
    how: "a registry at a port where nobody listens",
    ...{ code: 5, name: "FLOE_REGISTRY_UNAVAILABLE" },
    run: () =>
      inProject({}, async (project) =>
        project.run("artifact", "list", "-r", `oci://127.0.0.1:${await closedPort()}/acme/app`),
      ),
  },
  {
    how: "a version that nobody has signed",
    ...{ code: 6, name: "FLOE_SIGNATURE_REQUIRED" },
    run: () =>
      inProject({ versions: [] }, async (project) => {
        await project.publish("v1.0.0", { signed: false });
        return await project.run(...TO_DEV);
      }),
  },
  {
    how: "a promotion while another one is under way",
    ...{ code: 7, name: "FLOE_PROMOTION_BUSY" },
    run: () =>
      onRegistry(async (project, registry) => {
        const { promise: until, resolve: letGo } = Promise.withResolvers<void>();
        const match = { method: "PUT", path: /\/manifests\/floe-rec\./ };
        registry.faults.add({ match, action: { kind: "hold", until } });
        const first = project.run(...TO_DEV);
        while (registry.faults.pending > 0) await sleep(20);
        const second = await project.run(...TO_DEV);
        letGo();
        await first;
        return second;
      }),
  },
  {
    how: "a gate whose command fails",
    ...{ code: 8, name: "FLOE_GATE_FAILED" },
    run: () =>
      inProject(
        { environments: [{ name: "dev", gates: { ...gates, smoke: { command: ["false"] } } }] },
        (project) => project.run(...TO_DEV),
      ),
  },
  {
    how: "a promotion that leaves an environment out",
    ...{ code: 9, name: "FLOE_TRANSITION_INVALID" },
    run: () =>
      inProject({}, (project) => project.run("promote", "v1.0.0", "--to", "prod", "--from", "dev")),
  },
  {
    how: "the same promotion again",
    ...{ code: 10, name: "FLOE_TARGET_TAG_EXISTS" },
    run: () =>
      inProject({}, async (project) => {
        await project.promote("v1.0.0", "dev");
        return await project.run(...TO_DEV);
      }),
  },
  {
    how: "a promotion from an environment that the version is not in",
    ...{ code: 11, name: "FLOE_SOURCE_NOT_PROMOTED" },
    run: () => inProject({}, (project) => project.run("promote", "v1.0.0", "--to", "staging")),
  },
  {
    how: "a key whose identity may not promote there",
    ...{ code: 12, name: "FLOE_NOT_AUTHORIZED" },
    run: () =>
      inProject(
        {
          identities: ["other"],
          environments: [{ name: "dev", gates, authorization: { allowed_operators: ["release"] } }],
        },
        (project) => project.run(...TO_DEV, "--key", "keys/other.key"),
      ),
  },
  {
    how: "an environment that somebody has locked",
    ...{ code: 13, name: "FLOE_ENVIRONMENT_LOCKED" },
    run: () =>
      inProject({}, async (project) => {
        await project.done("platform", "lock", "--env", "dev", "--reason", "incident");
        return await project.run(...TO_DEV);
      }),
  },
  {
    how: "a registry that wants credentials",
    ...{ code: 14, name: "FLOE_REGISTRY_UNAUTHORIZED" },
    run: async () => {
      const auth = { kind: "basic", username: "ci", password: "s3cret-word" } as const;
      await using registry = await startRegistry({ auth });
      const repository = `oci://${registry.host}/acme/app`;
      return await inProject({}, (project) => project.run("artifact", "list", "-r", repository));
    },
  },
  {
    how: "a ledger that takes no event",
    ...{ code: 15, name: "FLOE_LEDGER_UNAVAILABLE" },
    run: () =>
      onRegistry((project, registry) => {
        const match = { method: "PUT", path: /floe-ev/ };
        registry.faults.add({ match, action: { kind: "status", status: 503 }, times: 1000 });
        return project.run(...TO_DEV);
      }),
  },
  {
    how: "an environment that asks for approvals, and nobody has approved",
    ...{ code: 16, name: "FLOE_APPROVAL_REQUIRED" },
    run: () =>
      inProject(
        {
          identities: ["alice"],
          groups: { approvers: ["alice"] },
          environments: [
            { name: "dev", gates, approvals: { required: 1, from_groups: ["approvers"] } },
          ],
        },
        (project) => project.run(...TO_DEV),
      ),
  },
  {
    how: "a ledger that takes the intent, and not the outcome",
    ...{ code: 17, name: "FLOE_LEDGER_OUTCOME_MISSING" },
    run: () =>
      onRegistry(async (project, registry) => {
        await project.done("platform", "lock", "--env", "dev", "--reason", "r");
        await project.done("platform", "unlock", "--env", "dev", "--reason", "r");
        const match = { method: "PUT", path: /\/manifests\/floe-ev\./ };
        const action = { kind: "status", status: 500 } as const;
        registry.faults.add({ match, action, times: 1000, after: 1 });
        return await project.run(...TO_DEV);
      }),
  },
  {
    how: "a latest tag that somebody moved without floe",
    ...{ code: 18, name: "FLOE_LEDGER_DRIFT" },
    run: () =>
      inProject({ versions: ["v1.0.0", "v1.1.0"] }, async (project) => {
        await project.promote("v1.0.0", "dev");
        const other = await project.store.getManifest("v1.1.0", go);
        if (!other) throw new Error("v1.1.0 is not there");
        const { bytes, descriptor } = other;
        await project.store.moveTag("latest-dev", { bytes, mediaType: descriptor.mediaType }, go);
        return await project.run("status");
      }),
  },
  {
    how: "a secondary registry that cannot be reached, with --strict-sync",
    ...{ code: 19, name: "FLOE_SYNC_INCOMPLETE" },
    run: async () =>
      await onRegistry((project) => project.run(...TO_DEV, "--strict-sync"), {
        secondary: `oci://127.0.0.1:${await closedPort()}/acme/app`,
      }),
  },
  {
    how: "a saved plan, after something else was promoted",
    ...{ code: 20, name: "FLOE_PLAN_OUTDATED" },
    run: () =>
      inProject({ versions: ["v1.0.0", "v1.1.0"] }, async (project) => {
        await project.done(...TO_DEV, "--dry-run", "--plan-out", "dev.plan");
        await project.promote("v1.1.0", "dev");
        return await project.run(...TO_DEV, "--plan", "dev.plan");
      }),
  },
  {
    how: "Ctrl-C while a gate runs",
    ...{ code: 130, name: "FLOE_INTERRUPTED" },
    run: () =>
      inProject(
        {
          environments: [
            {
              name: "dev",
              gates: { ...gates, slow: { command: ["sh", "-c", "touch running; sleep 100"] } },
            },
          ],
        },
        async (project) => {
          const { promise, resolve: started } = Promise.withResolvers<number>();
          const running = project.runWith({ started }, ...TO_DEV);
          const pid = await promise;
          while (!isThere(join(project.dir, "running"))) await sleep(20);
          process.kill(pid, "SIGINT");
          return await running;
        },
      ),
  },
];

function isThere(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

describe("docs/reference/exit-codes.md", () => {
  test("promises the codes that are produced here, each once, and no other", () => {
    expect(WAYS.map(({ code }) => code)).toEqual(promised);
    expect(promised).toEqual([...Array(21).keys(), 130]);
  });

  test.each(WAYS)("$code: $how", async (way) => {
    const { code, name } = way;
    const ended = await way.run();
    const shown = ended.stdout + ended.stderr;
    expect(ended.code, shown).toBe(code);
    if (name !== null) expect(shown).toContain(name);
  });
});
