import { fileURLToPath } from "node:url";
import { runCommand } from "./command.ts";
import { judgePlatform } from "./judge-platform.ts";
import { type Measured, race } from "./race.ts";

/** What judging 500 components takes: by rules that come along, and by five of which one is an expression. */
export async function racePolicies(
  cwd: string,
  options: { readonly rounds: number; readonly signal: AbortSignal },
): Promise<Measured[]> {
  const { rounds, signal } = options;
  const program = fileURLToPath(new URL("judge-compiled.ts", import.meta.url));
  const first = Array.from({ length: rounds }, (): number => {
    const said = runCommand({ program: process.execPath, args: [program], cwd });
    return (JSON.parse(said) as { readonly milliseconds: number }).milliseconds;
  });
  const judged = await race(
    [
      {
        name: "4 rules, secrets among them",
        side: "floe",
        run: () => judgePlatform({ expression: false, signal }),
      },
      {
        name: "the same and an expression",
        side: "floe",
        run: () => judgePlatform({ expression: true, signal }),
      },
    ],
    { rounds },
  );
  const times = first.toSorted((a, b) => a - b);
  return [
    ...judged,
    { name: "these five, in a process that has just begun", side: "floe", times, requests: null },
  ];
}
