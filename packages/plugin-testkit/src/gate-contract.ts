import type { GateSubject, PluginServices } from "@floe/core/plugin";

/** Something to judge, and the settings to judge it with. */
export interface GateCase {
  /** As in the manifest: the plugin's own schema reads it. */
  readonly config: unknown;
  readonly subject: GateSubject;
}

/** What a gate is checked with. */
export interface GateContract {
  /** The plugin's package.json: `new URL("../package.json", import.meta.url)`. */
  readonly packageJson: URL;
  /** Settings that the schema must accept. At least one. */
  readonly validConfigs: readonly unknown[];
  /** Settings that the schema must refuse, each with the path that the error must name. */
  readonly invalidConfigs: readonly {
    readonly config: unknown;
    readonly path: readonly PropertyKey[];
  }[];
  /** A case that is judged `passed` or `warning`. */
  readonly passing: GateCase;
  /** A case that is judged `failed`. */
  readonly failing: GateCase;
  /** A case that cannot be judged: the gate must throw. */
  readonly cannotJudge?: GateCase;
  /** Services for each gate that is made. Default `fakeServices()`. */
  readonly services?: () => PluginServices;
}

/** One check of the contract: resolves when it holds, rejects with what is wrong. */
export interface GateCheck {
  /** A sentence, for the name of a test. */
  readonly name: string;
  readonly run: () => Promise<void>;
}
