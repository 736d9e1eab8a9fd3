import { createLedger, type Ledger } from "../ledger/ledger.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { FloeContext } from "./context.ts";

/** The ledgers of a manifest's environments, each opened once. */
export interface Ledgers {
  of(environment: EnvironmentConfig): Ledger;
}

/** Makes the ledgers on demand. */
export function createLedgers(context: FloeContext): Ledgers {
  const open = new Map<string, Ledger>();
  return {
    of(environment) {
      const ledger = open.get(environment.name) ?? createLedger(environment, context);
      open.set(environment.name, ledger);
      return ledger;
    },
  };
}
