import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { aProject, type Project } from "../bed/a-project.ts";
import type { Json, Run } from "../bed/floe.ts";
import { aReceiver, isSigned, type Receiver } from "./a-receiver.ts";

const TOKEN = "T0KEN-of-the-address";
const KEY = Buffer.from("a key of thirty-two bytes, at most");
const SECRET = `whsec_${KEY.toString("base64")}`;

type Hook = Readonly<Record<string, unknown>>;

/** A project that tells webhooks. */
async function telling(...webhooks: readonly Hook[]): Promise<Project> {
  const project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
  hook(project, ...webhooks);
  return project;
}

function hook(project: Project, ...webhooks: readonly Hook[]): void {
  const manifest = parse(project.read("manifest.yaml")) as {
    artifacts: { promotion: Record<string, unknown> };
  };
  manifest.artifacts.promotion["webhooks"] = webhooks;
  project.write("manifest.yaml", stringify(manifest));
}

const env = { HOOK_TOKEN: TOKEN, HOOK_SECRET: SECRET };

async function floe(project: Project, ...args: string[]): Promise<Run> {
  return await project.runWith({ env }, ...args);
}

function to(receiver: Receiver, more: Hook = {}): Hook {
  return { url: `${receiver.url}/\${HOOK_TOKEN}`, ...more };
}

function told({ received }: Receiver): unknown[] {
  return received.map(({ headers }) => headers["floe-event"]);
}

describe("webhooks", () => {
  test("are told of promotions, rollbacks and locks once each, signed as Standard Webhooks says", async () => {
    await using receiver = await aReceiver();
    await using project = await telling(
      to(receiver, { secret_ref: "env:HOOK_SECRET", headers: { "X-Team": "${HOOK_TOKEN}" } }),
    );
    for (const version of ["v1.0.0", "v1.1.0"])
      expect((await floe(project, "promote", version, "--to", "dev")).code).toBe(0);
    await floe(project, "platform", "lock", "--env", "dev", "--reason", "look");
    await floe(project, "promote", "v1.0.0", "--to", "dev", "--force");
    await floe(project, "platform", "unlock", "--env", "dev", "--reason", "looked");
    await floe(project, "rollback", "--env", "dev", "--reason", "worse");
    expect(told(receiver)).toEqual(["promote", "promote", "lock", "unlock", "rollback"]);
    for (const delivery of receiver.received) {
      expect(isSigned(delivery, KEY)).toBe(true);
      expect(delivery.path).toBe(`/${TOKEN}`);
      expect(delivery.headers["x-team"]).toBe(TOKEN);
    }
    const [first, ...rest] = receiver.received;
    const last = rest.at(-1);
    expect(first?.json).toMatchObject({
      type: "promote",
      data: {
        id: first?.headers["webhook-id"],
        project: "acme",
        environment: "dev",
        version: "v1.0.0",
        digest: (await project.tags())["v1.0.0"],
        operator: "release",
      },
    });
    expect(last?.json).toMatchObject({
      data: { version: "v1.0.0", from: { version: "v1.1.0" }, reason: "worse" },
    });
    const history = await project.done("platform", "history", "--env", "dev", "-o", "json");
    const hashes = history.rows.map(({ hash }) => hash);
    for (const { headers } of receiver.received) expect(hashes).toContain(headers["webhook-id"]);
  });

  test("are told of approvals and denials", async () => {
    await using receiver = await aReceiver();
    const gates = { policy_compliance: true };
    const approvals = { required: 1, from_groups: ["admins"], self_approval: true };
    await using project = await aProject({
      groups: { admins: ["release"] },
      environments: [{ name: "dev", gates, approvals }],
    });
    hook(project, to(receiver));
    await floe(project, "platform", "approve", "v1.0.0", "--env", "dev", "--reason", "seen");
    await floe(project, "platform", "deny", "v1.0.0", "--env", "dev", "--reason", "seen better");
    expect(told(receiver)).toEqual(["approve", "deny"]);
    expect(receiver.received[1]?.json).toMatchObject({
      type: "deny",
      data: { version: "v1.0.0", reason: "seen better", operator: "release", expires_at: null },
    });
  });

  test("are told only what they ask for, in the form that they ask for", async () => {
    await using resources = new AsyncDisposableStack();
    const [slack, cd] = [resources.use(await aReceiver()), resources.use(await aReceiver())];
    await using project = await telling(
      to(slack, { format: "slack", events: ["lock"] }),
      to(cd, { format: "cdevents", events: ["promote"] }),
    );
    await floe(project, "promote", "v1.0.0", "--to", "dev");
    await floe(project, "platform", "lock", "--env", "dev", "--reason", "<!channel> & more");
    expect(slack.received.map(({ json }) => json)).toEqual([
      { text: "dev was locked by release: &lt;!channel&gt; &amp; more" },
    ]);
    expect(told(cd)).toEqual(["promote"]);
    const [event] = cd.received;
    expect(event?.headers["content-type"]).toBe("application/cloudevents+json");
    const type = "dev.cdeventsx.floe-promotion.finished.0.1.0";
    const { json } = event ?? { json: {} as Json };
    expect(json).toMatchObject({ specversion: "1.0", type, id: event?.headers["webhook-id"] });
    expect(json["data"]).toMatchObject({
      context: { version: "0.4.1", type, source: json["source"], timestamp: json["time"] },
      subject: { type: "floe-promotion", content: { environment: { id: "dev" } } },
    });
    const { artifactId } = ((json["data"] as Json)["subject"] as Json)["content"] as Json;
    expect(artifactId).toMatch(/^pkg:oci\/registry@sha256%3A[0-9a-f]{64}\?repository_url=/);
  });

  test("that fail for a moment are tried again, with the same identifier and the same body", async () => {
    await using receiver = await aReceiver();
    await using project = await telling(to(receiver));
    receiver.react((nth) => (nth === 1 ? { status: 503 } : nth === 2 ? "close" : { status: 200 }));
    const run = await floe(project, "promote", "v1.0.0", "--to", "dev");
    expect(run.code).toBe(0);
    expect(run.stderr).not.toContain("not delivered");
    const { received } = receiver;
    expect(received).toHaveLength(3);
    expect(new Set(received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
  });

  test.for([
    { name: "answer 500", reaction: { status: 500 }, says: "it answered 500" },
    { name: "close the connection", reaction: "close" as const, says: "no connection" },
    { name: "are slow", reaction: { status: 200, afterMs: 60_000 }, says: "not delivered" },
    { name: "redirect", reaction: { status: 307, location: "/elsewhere" }, says: "not followed" },
    { name: "refuse", reaction: { status: 400 }, says: "it answered 400" },
  ])(
    "that $name do not hold a promotion up for long, and are told later",
    async ({ reaction, says }) => {
      await using resources = new AsyncDisposableStack();
      const [bad, good] = [resources.use(await aReceiver()), resources.use(await aReceiver())];
      await using project = await telling(to(bad, { name: "chat" }), to(good));
      bad.react(reaction);
      const started = performance.now();
      const run = await floe(project, "promote", "v1.0.0", "--to", "dev");
      expect(run.code).toBe(0);
      expect(performance.now() - started).toBeLessThan(20_000);
      expect(run.stderr).toContain("chat: 1 event of dev not delivered");
      expect(run.stderr).toContain(says);
      expect(told(good)).toEqual(["promote"]);
      expect(bad.received.every(({ path }) => path === `/${TOKEN}`)).toBe(true);
      const before = bad.received.length;
      bad.react({ status: 200 });
      const later = await floe(project, "platform", "reconcile", "-o", "json");
      expect(later.code).toBe(0);
      expect(later.json["webhooks"]).toEqual([
        { environment: "dev", webhook: "chat", delivered: 1, pending: 0, problem: null },
      ]);
      expect(bad.received).toHaveLength(before + 1);
      // Then there is nothing left, and who was told is not told again.
      await floe(project, "platform", "reconcile");
      expect(bad.received).toHaveLength(before + 1);
      expect(told(good)).toEqual(["promote"]);
    },
  );

  test("are told by reconcile of what was committed by a run that was killed before it told them", async () => {
    await using receiver = await aReceiver();
    await using project = await telling(to(receiver));
    let pid: number | undefined;
    receiver.react(() => {
      if (pid !== undefined) process.kill(pid, "SIGKILL");
      return "close";
    });
    const killed = await project.runWith(
      { env, started: (child) => (pid = child) },
      ...["promote", "v1.0.0", "--to", "dev"],
    );
    expect(killed.code).toBeNull();
    receiver.react({ status: 200 });
    await floe(project, "platform", "reconcile");
    const [first, second, ...more] = receiver.received;
    expect(more).toEqual([]);
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(second?.body).toBe(first?.body);
  });

  test("that are new are told what happens from then on", async () => {
    await using receiver = await aReceiver();
    await using project = await telling();
    await floe(project, "promote", "v1.0.0", "--to", "dev");
    hook(project, to(receiver));
    await floe(project, "platform", "reconcile");
    expect(receiver.received).toEqual([]);
    await floe(project, "promote", "v1.1.0", "--to", "dev");
    expect(told(receiver)).toEqual(["promote"]);
  });

  test("whose variables are not set here keep nobody from anything, and are told by who has them", async () => {
    await using receiver = await aReceiver();
    await using project = await telling(to(receiver));
    const run = await project.done("promote", "v1.0.0", "--to", "dev");
    expect(run.stderr).toContain("not delivered (the environment variable HOOK_TOKEN is not set)");
    await project.done("status");
    await floe(project, "platform", "reconcile");
    expect(told(receiver)).toEqual(["promote"]);
  });

  test("are told nothing by a dry run, nor by a refusal", async () => {
    await using receiver = await aReceiver();
    await using project = await telling(to(receiver));
    const before = await project.registryState();
    await floe(project, "promote", "v1.0.0", "--to", "dev", "--dry-run");
    expect(await project.registryState()).toEqual(before);
    expect((await floe(project, "promote", "v1.0.0", "--to", "prod")).code).toBe(11);
    expect(receiver.received).toEqual([]);
  });

  test("and their addresses, headers and secrets are seen nowhere", async () => {
    await using receiver = await aReceiver();
    await using project = await telling(
      to(receiver, { secret_ref: "env:HOOK_SECRET", headers: { authorization: "${HOOK_TOKEN}" } }),
    );
    receiver.react({ status: 500 });
    const outputs = [
      await floe(project, "promote", "v1.0.0", "--to", "dev", "--verbose"),
      await floe(project, "platform", "reconcile", "-o", "json"),
      await floe(project, "manifest", "explain", "-o", "json"),
      await floe(project, "status", "-o", "json"),
    ];
    const { readdirSync, readFileSync } = await import("node:fs");
    const files = readdirSync(project.registry, { recursive: true, withFileTypes: true });
    const stored = files
      .filter((file) => file.isFile())
      .map((file) => readFileSync(`${file.parentPath}/${file.name}`, "latin1"));
    for (const text of [...outputs.map(({ stdout, stderr }) => stdout + stderr), ...stored])
      for (const secret of [TOKEN, SECRET, KEY.toString("latin1"), receiver.url])
        expect(text).not.toContain(secret);
  });

  test.for([
    { url: "http://hooks.example.com/x", says: "plain http is only for this machine" },
    { url: "https://user:hunter2@hooks.example.com/x", says: "must not hold a user name" },
    { url: "file:///etc/passwd", says: "must begin with https://" },
    { url: "hunter2", says: "is no URL" },
  ])(
    "at an address that says too much or too little are an error of the manifest: $says",
    async ({ url, says }) => {
      await using project = await telling({ url });
      const run = await floe(project, "manifest", "validate");
      expect(run.code).toBe(2);
      expect(run.stderr).toContain(says);
      expect(run.stderr).not.toContain("hunter2");
    },
  );
});
