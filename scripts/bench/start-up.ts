import { peer } from "@floe/testing";
import { floe, runCommand } from "./command.ts";
import { type Measured, race } from "./race.ts";

/** What it takes to start: Node.js alone, a peer, and floe where it has next to nothing to do. */
export function raceStartUp(cwd: string, rounds: number): Promise<Measured[]> {
  const node = { program: process.execPath, args: ["-e", "0"], cwd };
  const crane = { program: peer("crane"), args: ["--help"], cwd };
  return race(
    [
      { name: "node -e 0", side: "peer", run: () => runCommand(node) },
      { name: "crane --help", side: "peer", run: () => runCommand(crane) },
      { name: "floe --help", side: "floe", run: () => runCommand(floe(cwd, "--help")) },
      { name: "floe --version", side: "floe", run: () => runCommand(floe(cwd, "--version")) },
    ],
    { rounds },
  );
}
