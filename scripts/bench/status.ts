import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { appendEvents } from "./append-events.ts";
import { floe, peerScript, runCommand } from "./command.ts";
import { type Measured, race } from "./race.ts";

const ENVIRONMENTS = ["dev", "staging", "prod", "north", "south"];

/** `status` of five environments in a folder, first with a handful of ledger events, then with that many in all. */
export async function raceStatus(
  folders: { readonly few: string; readonly many: string },
  options: { readonly rounds: number; readonly events: number; readonly signal: AbortSignal },
): Promise<Measured[]> {
  const { few, many } = folders;
  for (const folder of [few, many]) {
    runCommand(floe(folder, "init", "--name", "bench"));
    const manifest = readFileSync(join(folder, "manifest.yaml"), "utf8");
    const more = ENVIRONMENTS.slice(3).map((name) => `      - { name: ${name} }\n`);
    writeFileSync(
      join(folder, "manifest.yaml"),
      manifest.replace("\n    gate_commands:", `${more.join("")}$&`),
    );
    for (const environment of ENVIRONMENTS)
      runCommand(floe(folder, "promote", "v0.1.0", "--to", environment));
  }
  await appendEvents(join(many, "manifest.yaml"), ENVIRONMENTS, options.events, options.signal);

  const list = (cwd: string) => peerScript(["oras repo tags --oci-layout .floe/registry"], { cwd });
  return await race(
    [
      {
        name: "oras repo tags --oci-layout",
        side: "peer",
        run: () => runCommand(list(few)),
      },
      {
        name: `oras repo tags --oci-layout, ${options.events} events`,
        side: "peer",
        run: () => runCommand(list(many)),
      },
      {
        name: "floe status",
        side: "floe",
        run: () => runCommand(floe(few, "status")),
      },
      {
        name: `floe status, ${options.events} events`,
        side: "floe",
        run: () => runCommand(floe(many, "status")),
      },
    ],
    { rounds: options.rounds },
  );
}
