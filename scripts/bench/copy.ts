import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startDockerRegistry } from "@floe/testing";
import { floe, peerScript, runCommand } from "./command.ts";
import { type Measured, race } from "./race.ts";

const LAYERS = 8;
const LAYER_BYTES = 6.25 * 1024 * 1024;

/**
 * A copy of eight layers of 6.25 MiB from one docker-registry to an empty repository of another; with `mount`, to one of
 * the same registry, which can take the layers over without being sent them.
 */
export async function raceCopy(
  cwd: string,
  options: { readonly rounds: number; readonly mount: boolean; readonly signal: AbortSignal },
): Promise<Measured[]> {
  const { rounds, mount, signal } = options;
  await using source = await startDockerRegistry({ signal });
  await using other = mount ? null : await startDockerRegistry({ signal });
  const target = other ?? source;
  const from = `${source.host}/bench/source:v1.0.0`;
  const run = (line: string) => runCommand(peerScript([line], { cwd }));
  const files = Array.from({ length: LAYERS }, (_, n) => `layer-${n}.bin`);
  for (const file of files) writeFileSync(join(cwd, file), randomBytes(LAYER_BYTES));
  const layers = files.map((file) => `${file}:application/octet-stream`);
  run(`oras push --plain-http ${from} ${layers.join(" ")} >pushed.txt 2>&1`);
  // A repository of its own for each round, so that nothing is there before.
  const to = (who: string, round: number) => `${target.host}/bench/${who}-${round}:v1.0.0`;
  return await race(
    [
      {
        name: "crane copy",
        side: "peer",
        run: (round) => run(`crane copy ${from} ${to("crane", round)} >copied.txt 2>&1`),
      },
      {
        name: "oras cp",
        side: "peer",
        run: (round) =>
          run(
            `oras cp --from-plain-http --to-plain-http ${from} ${to("oras", round)} >copied.txt 2>&1`,
          ),
      },
      {
        name: "floe artifact copy",
        side: "floe",
        run: (round) =>
          runCommand(floe(cwd, "artifact", "copy", `oci://${from}`, `oci://${to("floe", round)}`)),
      },
    ],
    { rounds, requests: () => source.requests().length + (other?.requests().length ?? 0) },
  );
}
