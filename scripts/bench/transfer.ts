import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRegistryStore } from "@floe/oci";
import { pushArtifact, startDockerRegistry, startRegistry } from "@floe/testing";
import { floe, peerScript, runCommand, startCommand } from "./command.ts";
import { type Measured, race } from "./race.ts";

const FILES = 8;
const FILE_BYTES = 6.25 * 1024 * 1024;

/** Pushing eight files of 6.25 MiB to an empty repository of docker-registry, and pulling them. */
export async function raceTransfer(
  cwd: string,
  options: { readonly rounds: number; readonly signal: AbortSignal },
): Promise<{ readonly push: Measured[]; readonly pull: Measured[] }> {
  const { rounds, signal } = options;
  await using registry = await startDockerRegistry({ signal });
  const run = (line: string) => runCommand(peerScript([line], { cwd }));
  const files = Array.from({ length: FILES }, (_, n) => `file-${n}.bin`);
  for (const file of files) writeFileSync(join(cwd, file), randomBytes(FILE_BYTES));
  const typed = files.map((file) => `${file}:application/octet-stream`);
  const at = (who: string, round: number) => `${registry.host}/bench/${who}-${round}:v1.0.0`;
  const requests = () => registry.requests().length;
  const push = await race(
    [
      {
        name: "oras push",
        side: "peer",
        run: (round) =>
          run(`oras push --plain-http ${at("oras", round)} ${typed.join(" ")} >out.txt 2>&1`),
      },
      {
        name: "floe artifact push",
        side: "floe",
        run: (round) =>
          runCommand(floe(cwd, "artifact", "push", `oci://${at("floe", round)}`, ...files)),
      },
    ],
    { rounds, requests },
  );
  const folder = (who: string, round: number): string => {
    const path = join(cwd, `${who}-${round}`);
    mkdirSync(path);
    return path;
  };
  const pull = await race(
    [
      {
        name: "oras pull",
        side: "peer",
        run: (round) =>
          run(
            `oras pull --plain-http -o ${folder("oras", round)} ${at("oras", round)} >out.txt 2>&1`,
          ),
      },
      {
        name: "floe artifact pull",
        side: "floe",
        run: (round) =>
          runCommand(
            floe(
              cwd,
              "artifact",
              "pull",
              `oci://${at("oras", round)}`,
              "-d",
              folder("floe", round),
            ),
          ),
      },
    ],
    { rounds, requests },
  );
  return { push, pull };
}

/** Resolving a tag and setting two others: the peer as a process, floe's client in this one, without its start. */
export async function raceTags(
  cwd: string,
  options: { readonly rounds: number; readonly signal: AbortSignal },
): Promise<Measured[]> {
  const { rounds, signal } = options;
  await using registry = await startDockerRegistry({ signal });
  const repository = `${registry.host}/bench/tags`;
  await pushArtifact({ url: `http://${registry.host}` }, "bench/tags", "v1.0.0");
  const store = createRegistryStore({ uri: `oci://${repository}` });
  return await race(
    [
      {
        name: "oras tag, process",
        side: "peer",
        run: (round) => {
          const line = `oras tag --plain-http ${repository}:v1.0.0 a-${round} b-${round} >out.txt 2>&1`;
          runCommand(peerScript([line], { cwd }));
        },
      },
      {
        name: "floe, in process",
        side: "floe",
        run: async (round) => {
          const manifest = await store.getManifest("v1.0.0", { signal });
          if (!manifest) throw new Error("v1.0.0 is gone");
          const input = { bytes: manifest.bytes, mediaType: manifest.descriptor.mediaType };
          for (const tag of [`c-${round}`, `d-${round}`])
            await store.createTag(tag, input, { signal });
        },
      },
    ],
    { rounds, requests: () => registry.requests().length },
  );
}

/** Listing ten thousand tags. */
export async function raceList(
  cwd: string,
  options: { readonly rounds: number; readonly signal: AbortSignal },
): Promise<Measured[]> {
  const { rounds, signal } = options;
  await using registry = await startRegistry();
  const repository = `${registry.host}/bench/many`;
  const store = createRegistryStore({ uri: `oci://${repository}` });
  const { bytes, mediaType } = await pushArtifact(registry, "bench/many", "v0.0.0");
  for (let tag = 1; tag < 10_000; tag += 1)
    await store.createTag(`v0.0.${tag}`, { bytes, mediaType }, { signal, contentNamed: true });
  const script = peerScript([`crane ls ${repository} >tags.txt 2>&1`], { cwd });
  const listing = floe(cwd, "artifact", "list", "-r", `oci://${repository}`);
  // The registry is in this process, so the contenders must not block it.
  return await race(
    [
      { name: "crane ls", side: "peer", run: async () => await startCommand(script) },
      { name: "floe artifact list", side: "floe", run: async () => await startCommand(listing) },
    ],
    { rounds, requests: () => registry.requests.length },
  );
}
