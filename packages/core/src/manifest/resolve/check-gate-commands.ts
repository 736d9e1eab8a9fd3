import { didYouMean } from "../did-you-mean.ts";
import { quote } from "../issue-list.ts";
import { DEMANDING_KEYS } from "../schema/gates.ts";
import { type GateKinds, POLICY_GATE } from "./gate-kinds.ts";
import { PATHS, type ResolveContext } from "./resolve-context.ts";

/** Checks `gate_commands` itself: what only an environment can say, and names that no gate has. */
export function checkGateCommands(
  context: ResolveContext,
  kinds: GateKinds,
  gateNames: readonly string[],
): void {
  for (const name of context.keysAt(PATHS.gateCommands)) {
    const path = [...PATHS.gateCommands, name];
    if (name === POLICY_GATE)
      context.report(path, "policy_compliance is built in and runs no command", { side: "key" });
    for (const key of DEMANDING_KEYS)
      if (context.has([...path, key]))
        context.report([...path, key], "belongs to a gate in an environment, not here", {
          side: "key",
        });
    // Shared manifests may define commands that nobody uses, but a name beside a used one is a slip.
    const used = gateNames.includes(name) || kinds.names.includes(name);
    const suggestion = used ? null : didYouMean(name, gateNames);
    if (suggestion !== null)
      context.report(path, `no environment has a gate named ${quote(name)}`, {
        suggestion,
        side: "key",
      });
  }
}
