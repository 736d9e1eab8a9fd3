import type { AuditBackend, AuditCapabilities } from "../contract/index.ts";
import { isFloeError } from "../errors/index.ts";
import { probeBackend } from "../ledger/probe-backend.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import { digestHex, digestOf } from "../model/digest.ts";
import { keyIdOf } from "../model/identity.ts";
import type { PluginRegistry } from "../plugins/registry.ts";
import type { ArtifactStore, CallOptions } from "../ports/index.ts";
import { at, type FloeContext } from "../promotion/context.ts";
import { describeSearch } from "../promotion/how-to-prove.ts";
import type { Ledgers } from "../promotion/ledgers.ts";
import { readViewOrError } from "../promotion/read-view-or-error.ts";
import { examineAnchors } from "./examine-anchors.ts";
import { type DoctorFinding, findingsOf } from "./finding.ts";
import { probeRegistry } from "./probe-registry.ts";

/** How thoroughly doctor looks. */
export interface DoctorRequest {
  /** Write nothing, not even scratch objects: then what a registry does is not found out. Default `false`. */
  readonly readOnly?: boolean;
}

/** From here on signatures and leases suffer (notes of registries and clouds: 15 minutes are refused). */
const SKEW_WARN_MS = 60_000;
const SKEW_FAIL_MS = 10 * 60_000;

/** Looks at everything that promotions rest on, each by itself: one failure hides no other. */
export async function examine(
  request: DoctorRequest,
  context: FloeContext,
  plugins: PluginRegistry,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<DoctorFinding[]> {
  const { manifest } = context;
  const findings: DoctorFinding[] = [];
  const stores = new Set<ArtifactStore>([
    context.store,
    ...manifest.environments.map((environment) => at(context, environment).store),
  ]);
  const unreadable = new Set<ArtifactStore>();
  for (const store of stores) {
    const id = digestHex(digestOf(context.host.randomBytes(16))).slice(0, 12);
    const probe = await probeRegistry(store, { ...options, write: request.readOnly !== true, id });
    if (!probe.traits.readable) unreadable.add(store);
    findings.push(...probe.findings);
  }
  for (const environment of manifest.environments)
    findings.push(
      unreadable.has(at(context, environment).store)
        ? findingsOf("ledger", environment.name).notChecked(
            "ledger",
            "its repository cannot be read",
            "See what was found of the registry.",
          )
        : await examineLedger(environment, context, ledgers, options),
    );
  findings.push(
    ...(await examineLedgerStore(request, context, options)),
    ...(await examineAnchors(context, options)),
    ...(await examineSigning(context, options)),
    ...examinePlugins(context, plugins),
  );
  findings.push(examineClock(context, unreadable.has(context.store)));
  return findings;
}

async function examineLedger(
  environment: EnvironmentConfig,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<DoctorFinding> {
  const is = findingsOf("ledger", environment.name);
  let ledger: ReturnType<Ledgers["of"]>;
  try {
    ledger = ledgers.of(environment);
  } catch (cause) {
    if (isFloeError(cause)) return is.failed("ledger", cause);
    throw cause;
  }
  const view = await readViewOrError(ledger, options);
  if (isFloeError(view)) return is.failed("ledger", view);
  const { backend } = context.manifest.audit;
  const seen = `${view ? `${view.size} events` : "not begun yet"}, in ${backend}`;
  if (ledger.mode === "slot") return is.ok("ledger", `${seen}: exactly one writer wins`);
  return is.warn(
    "ledger",
    `${seen}: advisory, since two who write at once may both go on`,
    "Nothing is lost, and races are told by status and audit verify. For exactly one winner keep it elsewhere (promotion.audit in the manifest): backend: database where one machine promotes, backend: s3 or a postgres:// database_url where several do.",
  );
}

/** A store of its own for ledgers is raced: some let two win, whatever they say. */
async function examineLedgerStore(
  request: DoctorRequest,
  context: FloeContext,
  options: CallOptions,
): Promise<DoctorFinding[]> {
  const { ledgerStore: store } = context;
  if (!store) return [];
  const is = findingsOf("ledger", store.id);
  try {
    const backend = await store.open(options);
    const { scope } = backend.capabilities();
    const promisesOf = ({ durable, worm }: AuditCapabilities): string =>
      `${durable}${worm === "none" ? "" : `, write-once by ${worm}`}`;
    const findings: DoctorFinding[] = [];
    if (request.readOnly === true)
      findings.push(
        is.notChecked(
          "store_race",
          `it opens (${promisesOf(backend.capabilities())}), and was not raced`,
          "Run it without --read-only.",
        ),
      );
    else {
      const id = digestHex(digestOf(context.host.randomBytes(16))).slice(0, 16);
      const chain = `floe-probe/${id}`;
      const probe = await probeBackend([backend], { ...options, chain });
      const [first, ...more] = probe.findings;
      const left = await eventsIn(backend, chain, options);
      const rest =
        left === 0
          ? ""
          : `; ${left} scratch event${left === 1 ? " stays" : "s stay"} in its chain ${chain}`;
      findings.push(
        first === undefined
          ? is.ok(
              "store_race",
              `raced: exactly one writer wins a slot (${promisesOf(probe.capabilities)})${rest}`,
            )
          : is.fail(
              "store_race",
              "FLOE_LEDGER_UNAVAILABLE",
              `raced: ${first}${more.length > 0 ? `, and ${more.length} more` : ""}`,
              "Use a store that refuses to write over what is there, or audit.backend: oci, which says that it is advisory.",
            ),
      );
    }
    if (scope === "machine" && !isLocal(context.store.repository))
      findings.push(
        is.warn(
          "store_scope",
          "only this machine sees it, while the registry is shared: from any other machine the ledger is missing (18)",
          "Where several promote, use audit.backend: s3 or a postgres:// database_url.",
        ),
      );
    return findings;
  } catch (cause) {
    if (isFloeError(cause)) return [is.failed("store", cause)];
    const what = cause instanceof Error ? cause.message : String(cause);
    return [
      is.fail("store", "FLOE_LEDGER_UNAVAILABLE", what, "Check promotion.audit in the manifest."),
    ];
  }
}

function isLocal(repository: string): boolean {
  return repository.startsWith("oci-layout:") || /^(?:localhost|127\.|\[::1\])/.test(repository);
}

/** How many events of a chain are left, at most. */
async function eventsIn(
  backend: AuditBackend,
  chain: string,
  options: CallOptions,
): Promise<number> {
  let count = 0;
  for await (const _ of backend.read(chain, 0, undefined, options)) count += 1;
  return count;
}

async function examineSigning(
  context: FloeContext,
  options: CallOptions,
): Promise<DoctorFinding[]> {
  const is = findingsOf("signing");
  const { manifest, signer } = context;
  const findings: DoctorFinding[] = [];
  if (!signer)
    findings.push(
      is.warn(
        "operator",
        `nobody can be proven to run floe here: ${describeSearch(context.signerOrigin)}`,
        "Reading works. To promote give --key REF or FLOE_SIGNING_KEY, or sign in.",
      ),
    );
  else {
    try {
      await signer.ready?.(options);
      const { signer: who } = signer;
      const name = who.method === "keyless" ? who.subject : who.keyId;
      const chosen = context.signerOrigin?.chosen ?? null;
      const known = manifest.identities.find(
        ({ trusted }) =>
          trusted.method === "key" &&
          who.method === "key" &&
          keyIdOf(trusted.publicKey) === who.keyId,
      );
      findings.push(
        who.method === "ephemeral"
          ? is.warn(
              "operator",
              "signing is off: records prove nothing about who made them",
              "Set artifacts.signing.mode.",
            )
          : known || who.method === "keyless"
            ? is.ok(
                "operator",
                `${known?.name ?? name} signs${chosen === null ? "" : `, by ${chosen}`}`,
              )
            : is.warn(
                "operator",
                `the key ${name} signs${chosen === null ? "" : `, by ${chosen}`}, and the manifest does not know it`,
                "Add its public key to identities.",
              ),
      );
      const artifactKeys = manifest.environments.flatMap(({ verification }) =>
        verification.keys.map(({ publicKey }) => keyIdOf(publicKey)),
      );
      if (who.method === "key" && artifactKeys.includes(who.keyId))
        findings.push(
          is.warn(
            "key_separation",
            "artifacts and promotions are signed by one key: to stock tools a record then looks like a signature of the image",
            "Make two pairs (floe artifact keygen) and set promotion.operator.key_ref.",
          ),
        );
    } catch (cause) {
      if (!isFloeError(cause)) throw cause;
      findings.push(is.failed("operator", cause));
    }
  }
  const off = manifest.environments.filter(
    ({ verification }) => verification.enforcement !== "enforce",
  );
  findings.push(
    off.length === 0
      ? is.ok("verification", "signatures are enforced in every environment")
      : is.warn(
          "verification",
          `signatures are not enforced in ${off.map(({ name }) => name).join(", ")}`,
          "Set artifacts.verification.enforcement: enforce.",
        ),
  );
  return findings;
}

function examinePlugins({ manifest }: FloeContext, plugins: PluginRegistry): DoctorFinding[] {
  const is = findingsOf("plugins");
  const listed = plugins.list();
  const wanted = new Set(
    manifest.environments.flatMap(({ gates }) => gates.map((gate) => gate.kind)),
  );
  const broken = listed.filter(({ problem }) => problem !== null);
  const findings = broken.map(({ id, plugin, problem }) => {
    const seen = `${id} of ${plugin.name} ${plugin.version} cannot be used: ${problem}`;
    return wanted.has(id)
      ? is.fail(
          "plugin",
          "FLOE_PLUGIN_LOAD_FAILED",
          seen,
          "Update or remove the plugin; see floe gate list.",
        )
      : is.warn("plugin", seen, "No environment uses it; see floe gate list.");
  });
  const usable = listed.filter(({ problem }) => problem === null).map(({ id }) => id);
  return [is.ok("plugins", `gates: ${usable.join(", ")}`), ...findings];
}

function examineClock(context: FloeContext, unreadable: boolean): DoctorFinding {
  const is = findingsOf("clock");
  if (unreadable || isLocal(context.store.repository))
    return isLocal(context.store.repository)
      ? is.ok("clock", "the registry is on this machine and goes by its clock")
      : is.notChecked(
          "clock",
          "the registry did not say its time",
          "See what was found of the registry.",
        );
  const skew = context.clock.now().getTime() - context.store.now().getTime();
  const seconds = Math.round(Math.abs(skew) / 1000);
  const seen = `this machine is ${seconds} s ${skew > 0 ? "ahead of" : "behind"} the registry`;
  const fix =
    "Set the clock (timedatectl set-ntp true): leases, certificates and S3 requests go by it.";
  if (Math.abs(skew) >= SKEW_FAIL_MS) return is.fail("clock", "FLOE_USAGE_INVALID", seen, fix);
  return Math.abs(skew) >= SKEW_WARN_MS ? is.warn("clock", seen, fix) : is.ok("clock", seen);
}
