import { FloeError } from "../errors/index.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import { genesisTag } from "../model/tag.ts";
import type { CallOptions } from "../ports/index.ts";
import type { LedgerContext } from "./ledger-context.ts";

/**
 * Makes sure that an environment without a ledger has none in the manifest's own repository either: a manifest that gives it
 * another repository must not be the way to begin anew, without locks, holds and history. Asked only while there is none.
 * @throws {FloeError} FLOE_LEDGER_ELSEWHERE - it has one there
 */
export async function assertNotElsewhere(
  environment: EnvironmentConfig,
  { published, store }: Pick<LedgerContext, "published" | "store">,
  options: CallOptions,
): Promise<void> {
  if (!published || published.repository === store.repository) return;
  const tag = genesisTag(environment.name);
  if (!(await published.resolve(tag, options))) return;
  throw new FloeError({
    code: "FLOE_LEDGER_ELSEWHERE",
    message: `${environment.name} has no ledger in ${store.repository}, and one in ${published.repository} (${tag})`,
    hint: "Set the environment's registry back to what its ledger was made with. A ledger is not moved by the manifest.",
  });
}
