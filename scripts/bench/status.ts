import { join } from "node:path";
import { appendEvents } from "./append-events.ts";
import { floe, peerScript, runCommand } from "./command.ts";
import { type Measured, race } from "./race.ts";

/** `status` of three environments in a folder, first with a handful of ledger events, then with many in each. */
export async function raceStatus(
  folders: { readonly few: string; readonly many: string },
  options: { readonly rounds: number; readonly events: number; readonly signal: AbortSignal },
): Promise<Measured[]> {
  const { few, many } = folders;
  for (const folder of [few, many]) {
    runCommand(floe(folder, "init", "--name", "bench"));
    for (const environment of ["dev", "staging", "prod"])
      runCommand(floe(folder, "promote", "v0.1.0", "--to", environment));
  }
  await appendEvents(join(many, "manifest.yaml"), "prod", options.events, options.signal);

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
        name: "floe platform status",
        side: "floe",
        run: () => runCommand(floe(few, "platform", "status")),
      },
      {
        name: `floe platform status, ${options.events} events`,
        side: "floe",
        run: () => runCommand(floe(many, "platform", "status")),
      },
    ],
    { rounds: options.rounds },
  );
}
