import { chmodSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type RegistryAuthOptions, startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { aProject, type Project } from "./bed/a-project.ts";

/** What is planted. Each is unlike everything else, so that even a part of it is found. */
const SECRETS = {
  password: "Pa55-word/of+the=registry",
  token: "T0ken-that-is-sent-as-it-is",
  identity: "Id3ntity-or-refresh/token",
  signature: "S1gnature-of-an-address",
  helper: "H3lper-says-too-much",
  proxy: "Pr0xy-pass+word",
} as const;

const PAIRS = [`ci:${SECRETS.password}`, `me:${SECRETS.proxy}`, `<token>:${SECRETS.identity}`];
/** The forms in which they travel, and parts of them that would be left by cutting. */
const FORMS = [...Object.values(SECRETS), ...PAIRS].flatMap((secret) => {
  const base64 = Buffer.from(secret).toString("base64");
  return [secret.slice(0, 9), secret.slice(-9), base64.slice(0, 12)].map((form) =>
    form.toLowerCase(),
  );
});

/** A server that refuses everything and says all that it was sent. */
async function startParrot(status: number) {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = everythingOf(request, Buffer.concat(chunks).toString("latin1"));
      response.writeHead(status, { "content-type": "text/plain", warning: `299 - "${text}"` });
      response.end(text);
    });
  });
  server.on("connect", (request: IncomingMessage, socket) => {
    socket.on("error", () => {});
    const text = everythingOf(request, "");
    socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function everythingOf({ url, headers }: Pick<IncomingMessage, "url" | "headers">, body: string) {
  const sent = [headers.authorization, headers["proxy-authorization"]].filter(Boolean);
  const decoded = sent.map((one) => Buffer.from(one?.split(" ")[1] ?? "", "base64").toString());
  return [...sent, ...decoded, url, body].join(" and ").replace(/[^\x20-\x7e]/g, "?");
}

type Env = Readonly<Record<string, string>>;

interface World {
  readonly project: Project;
  readonly registry: Awaited<ReturnType<typeof startRegistry>>;
  readonly parrot: string;
}

interface Case {
  readonly auth?: RegistryAuthOptions;
  /** Of the manifest's registry. */
  readonly config?: (world: World) => Readonly<Record<string, unknown>>;
  /** Status of the server that repeats everything. Default 403. */
  readonly parrot?: number;
  /** Lets something go wrong, and gives the environment. */
  readonly plant: (world: World) => Env;
}

const basic = { kind: "basic", username: "ci", password: SECRETS.password } as const;
const bearer = { kind: "bearer", username: "ci", password: SECRETS.password } as const;
const PAIR_ENTRY = { auth: Buffer.from(`ci:${SECRETS.password}`).toString("base64") };
const PAIR = { FLOE_REGISTRY_USERNAME: "ci", FLOE_REGISTRY_PASSWORD: SECRETS.password };

/** The registry answers whoever has logged in with this text, which may repeat what it was sent. */
function answerWith(
  { registry }: World,
  status: number,
  words: (sent: string) => { readonly body: string; readonly headers?: Env },
): void {
  registry.faults.add({
    match: ({ path }) =>
      path !== "/token" && registry.requests.at(-1)?.headers["authorization"] !== undefined,
    get action() {
      const { body, headers = {} } = words(
        everythingOf({ url: "", ...registry.requests.at(-1) } as never, ""),
      );
      return { kind: "status", status, body, headers } as const;
    },
    times: 999,
  });
}

/** Every answer to a read, or to an upload, leads to the one who repeats everything. */
function leadToParrot({ registry, parrot }: World, query: string): void {
  const location = `http://${parrot}/blob?${query}`;
  const lead = (status: number) => ({ kind: "status", status, headers: { location } }) as const;
  const match = ({ method }: { readonly method: string }) => method === "GET" || method === "HEAD";
  registry.faults.add({ match, action: lead(307), times: 999 });
  registry.faults.add({ match: { method: "POST" }, action: lead(202), times: 999 });
}

function docker(world: World, content: unknown): Env {
  const text = JSON.stringify(content).replaceAll("HOST", world.registry.host);
  world.project.write("planted/docker/config.json", text);
  chmodSync(join(world.project.dir, "planted/docker/config.json"), 0o600);
  return {
    DOCKER_CONFIG: join(world.project.dir, "planted/docker"),
    PATH: `${join(world.project.dir, "planted")}:${process.env["PATH"] ?? ""}`,
  };
}

const signed = `X-Amz-Signature=${SECRETS.signature}&sig=${encodeURIComponent(SECRETS.password)}`;
const behindProxy = () => ({ uri: "oci://registry.test/acme/app", insecure: true });

const CASES: Readonly<Record<string, Case>> = {
  "a registry repeats a password in words": {
    auth: basic,
    plant: (world) => {
      answerWith(world, 403, (sent) => ({ body: sent }));
      return PAIR;
    },
  },
  "a registry repeats a password in its error's code, and where its words are cut": {
    auth: basic,
    plant: (world) => {
      const body = (sent: string) => {
        const message = `${"x".repeat(288)} ${SECRETS.password}`;
        return JSON.stringify({ errors: [{ code: sent, message }] });
      };
      answerWith(world, 400, (sent) => ({ body: body(sent) }));
      return PAIR;
    },
  },
  "a registry repeats a password in headers": {
    auth: basic,
    plant: (world) => {
      answerWith(world, 200, (sent) => ({
        body: "nonsense",
        headers: {
          warning: `299 - "${sent}"`,
          "content-type": SECRETS.password,
          "docker-content-digest": sent,
          location: `/${SECRETS.password}`,
        },
      }));
      return PAIR;
    },
  },
  "a registry repeats the token of a variable": {
    auth: bearer,
    plant: (world) => {
      answerWith(world, 403, (sent) => ({ body: sent }));
      return { FLOE_REGISTRY_TOKEN: SECRETS.token };
    },
  },
  "a token service repeats a password": {
    auth: bearer,
    plant: (world) => {
      const body = `{"token": ${JSON.stringify(PAIRS)}, "details": "${PAIRS.join()}"}`;
      for (const status of [401, 500, 200]) {
        const action = { kind: "status", status, body } as const;
        world.registry.faults.add({ match: { path: "/token" }, action, times: 3 });
      }
      return PAIR;
    },
  },
  "a token service repeats an identity token": {
    auth: bearer,
    plant: (world) => {
      const realm = `http://${world.parrot}/token?account=${SECRETS.signature}`;
      world.registry.configure({ auth: { ...bearer, realm } });
      return docker(world, { auths: { HOST: { identitytoken: SECRETS.identity } } });
    },
  },
  "a helper says too much": {
    auth: basic,
    plant: (world) => {
      const words = Object.values(SECRETS).join(" ");
      world.project.write(
        "planted/docker-credential-loud",
        `#!/bin/sh\necho '${words}' >&2\necho '{"Username": "ci", "Secret": "${SECRETS.helper}"'\nexit 3\n`,
      );
      chmodSync(join(world.project.dir, "planted/docker-credential-loud"), 0o755);
      return docker(world, { credHelpers: { HOST: "loud" } });
    },
  },
  "a signed address is refused by one who repeats it": {
    plant: (world) => {
      leadToParrot(world, signed);
      return {};
    },
  },
  "a signed address leads on to one with a password": {
    plant: (world) => {
      const location = `http://ci:${SECRETS.password}@${world.parrot}/?${signed}`;
      const action = { kind: "status", status: 307, headers: { location } } as const;
      world.registry.faults.add({ match: {}, action, times: 999 });
      return {};
    },
  },
  "nobody answers at a signed address": {
    plant: (world) => {
      leadToParrot({ ...world, parrot: "127.0.0.1:1" }, signed);
      return {};
    },
  },
  "a proxy wants another password, and repeats the one it got": {
    config: behindProxy,
    parrot: 407,
    plant: ({ parrot }) => ({
      HTTP_PROXY: `http://me:${encodeURIComponent(SECRETS.proxy)}@${parrot}`,
    }),
  },
  "a proxy repeats its password in an error of its own": {
    config: behindProxy,
    parrot: 502,
    plant: ({ parrot }) => ({
      HTTP_PROXY: `http://me:${encodeURIComponent(SECRETS.proxy)}@${parrot}`,
    }),
  },
  "a proxy refuses a tunnel, and repeats its password": {
    config: () => ({ uri: "oci://registry.test/acme/app" }),
    plant: ({ parrot }) => ({ HTTPS_PROXY: `http://me:${SECRETS.proxy}@${parrot}` }),
  },
  "a proxy's address is none": {
    config: behindProxy,
    plant: () => ({ HTTP_PROXY: `socks5://me:${SECRETS.proxy}@[` }),
  },
  "nobody answers at the proxy": {
    config: behindProxy,
    plant: () => ({ HTTP_PROXY: `http://me:${SECRETS.proxy}@127.0.0.1:1` }),
  },
};

const COMMANDS = [
  ["artifact", "list"],
  ["artifact", "pull", "v1.0.0", "-d", "out"],
  ["artifact", "push", "v2.0.0", "app.json"],
  ["artifact", "copy", "v1.0.0", "oci-layout:copied"],
  ["promote", "v1.0.0", "--to", "dev"],
] as const;

describe("no output, and nothing that is left on the disk, has a secret in it when", () => {
  test.for(Object.entries(CASES))("%s", async ([, { auth, config, parrot: status, plant }]) => {
    await using registry = await startRegistry({ auth: auth ?? null });
    await using parrot = await startParrot(status ?? 403);
    await using project = await aProject({ versions: [] });
    const world = { project, registry, parrot: parrot.host };
    const manifest = parse(project.read("manifest.yaml")) as { artifacts: Record<string, unknown> };
    manifest.artifacts["registry"] = {
      uri: `oci://${registry.host}/acme/app`,
      resilience: { retry: { max_attempts: 2, initial_delay_ms: 1 } },
      ...config?.(world),
    };
    project.write("manifest.yaml", stringify(manifest));
    project.write("app.json", "{}");
    const cache = join(project.dir, "cache");
    const env = { XDG_CACHE_HOME: cache, ...plant(world) };

    const runs = COMMANDS.map((command) => [...command, "--verbose", "-o", "json"]);
    runs.push(["artifact", "list", "--verbose"], ["promote", "v1.0.0", "--to", "dev", "--verbose"]);
    for (const args of runs) {
      const { code, stdout, stderr } = await project.runWith({ env }, ...args);
      expect([2, 3, 5, 14, 15, 18], `${args.join(" ")}: ${code} ${stderr}`).toContain(code);
      expect(stdout + stderr).toMatch(/FLOE_[A-Z]+_/);
      expect(secretsIn(stdout + stderr), `${args.join(" ")}: ${stdout}${stderr}`).toEqual([]);
    }
    for (const [path, text] of filesOf(project.dir)) expect(secretsIn(text), path).toEqual([]);
  });

  test("everything goes well", async () => {
    await using registry = await startRegistry({ auth: bearer });
    await using project = await aProject();
    const uri = `oci://${registry.host}/acme/app`;
    const env = {
      XDG_CACHE_HOME: join(project.dir, "cache"),
      ...docker({ project, registry, parrot: "" }, { auths: { HOST: PAIR_ENTRY } }),
    };
    const config = join(project.dir, "planted/docker/config.json");
    chmodSync(config, 0o644);
    const copied = await project.runWith({ env }, "artifact", "copy", "v1.0.0", uri, "--verbose");
    project.write(
      "manifest.yaml",
      project.read("manifest.yaml").replace("oci-layout:./.floe/registry", uri),
    );
    const promote = ["promote", "v1.0.0", "--to", "dev", "--verbose"];
    const promoted = await project.runWith({ env }, ...promote);
    expect([copied.code, promoted.code], copied.stderr + promoted.stderr).toEqual([0, 0]);
    for (const { stdout, stderr } of [copied, promoted]) {
      expect(secretsIn(stdout + stderr)).toEqual([]);
      // Row 31: said once, however many requests needed the login.
      expect(stderr.split(`run: chmod 600 ${config}`)).toHaveLength(2);
    }
    const cached = filesOf(join(project.dir, "cache"));
    expect(cached.length).toBeGreaterThan(0);
    for (const [path, text] of filesOf(project.dir)) expect(secretsIn(text), path).toEqual([]);
    const [stored] = registry.snapshot().repositories.values();
    const bytes = [...(stored?.manifests.values() ?? [])].map((manifest) => manifest.bytes);
    bytes.push(...(stored?.blobs.values() ?? []));
    expect(bytes.length).toBeGreaterThan(5);
    for (const one of bytes) expect(secretsIn(Buffer.from(one).toString("latin1"))).toEqual([]);
  });
});

function secretsIn(text: string): string[] {
  const lower = text.toLowerCase();
  return FORMS.filter((form) => lower.includes(form));
}

/** Every file below a project, but for what the test itself has planted. */
function filesOf(dir: string): [string, string][] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .filter((path) => !path.startsWith(join(dir, "planted")))
    .map((path) => [path, readFileSync(path, "latin1")]);
}
