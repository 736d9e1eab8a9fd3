import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { parseArgs } from "node:util";
import type { GivenCheckpoint } from "./check-anchors.ts";
import { readPublicKey } from "./keys.ts";
import { type AuditBundle, NotABundle, readBundle } from "./read-bundle.ts";
import { keysText, ledgerJson, ledgerText } from "./render.ts";
import { QUESTIONS } from "./verdict.ts";
import { type LedgerAnswers, type TrustedKeys, verifyBundle } from "./verify-bundle.ts";

/** Where the program prints. */
export interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

const HELP = `floe-audit-verify [--key FILE|sha256:ID]... [--checkpoint FILE]... [--env NAME]
                  [--allow-unchecked QUESTION]... [--json] BUNDLE

Verifies an audit bundle of floe from its bytes. Opens no connection and runs nothing.

  --key              whom you trust: a public key (PEM), or the id of one that is in the
                     bundle. Get either from its owner; what the bundle says of keys
                     counts for nothing.
  --checkpoint       a checkpoint that was kept elsewhere
  --env              only this environment
  --allow-unchecked  integrity, completeness, anchoring or authenticity: not checked is
                     accepted there
  --json             print JSON

Ends with 0 when all four questions are answered with ok for every ledger, with 18 when
one is not, and with 2 when the file is no bundle or a flag is wrong.
`;

const OK = 0;
const USAGE = 2;
const INTEGRITY = 18;
const MAX_SMALL_FILE = 256 * 1024;
const ID = /^sha256:[0-9a-f]{64}$/;

class Usage extends Error {}

/** Runs the program; gives its exit code. */
export function main(args: readonly string[], { out, err }: Output): number {
  try {
    const { values, positionals } = parse(args);
    if (values.help) {
      out(HELP);
      return OK;
    }
    const [path, ...more] = positionals;
    if (path === undefined || more.length > 0) throw new Usage("give one bundle");
    const allowed = values["allow-unchecked"] ?? [];
    const unknown = allowed.find((name) => !QUESTIONS.some((question) => question === name));
    if (unknown !== undefined) throw new Usage(`there is no question ${JSON.stringify(unknown)}`);
    const bundle = readBundle(chunksOf(path));
    const trusted = trustedKeys(values.key ?? [], bundle);
    const checkpoints = (values.checkpoint ?? []).map(readCheckpoint);
    const ledgers = bundle.ledgers.filter(
      ({ environment }) => values.env === undefined || environment === values.env,
    );
    if (ledgers.length === 0)
      throw new Usage(`the bundle has no ledger${values.env ? ` of ${values.env}` : ""}`);
    const answers = verifyBundle({ ...bundle, ledgers }, { trusted, checkpoints });
    out(
      values.json
        ? `${JSON.stringify(answers.map(ledgerJson), null, 2)}\n`
        : answers.map(ledgerText).join("") + keysText(bundle, trusted),
    );
    return answers.every((one) => isAccepted(one, allowed)) ? OK : INTEGRITY;
  } catch (cause) {
    const isKnown = cause instanceof Usage || cause instanceof NotABundle || isFileError(cause);
    if (!isKnown) throw cause;
    err(`floe-audit-verify: ${(cause as Error).message}\n`);
    return USAGE;
  }
}

function isAccepted({ verdicts }: LedgerAnswers, allowed: readonly string[]): boolean {
  return QUESTIONS.every((question) => {
    const { verdict } = verdicts[question];
    return verdict === "ok" || (verdict === "not_checked" && allowed.includes(question));
  });
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        key: { type: "string", multiple: true },
        checkpoint: { type: "string", multiple: true },
        env: { type: "string" },
        "allow-unchecked": { type: "string", multiple: true },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (cause) {
    throw new Usage((cause as Error).message);
  }
}

function trustedKeys(given: readonly string[], { keys }: AuditBundle): TrustedKeys {
  const trusted = new Map<
    string,
    { name: string; key: NonNullable<ReturnType<typeof readPublicKey>> }
  >();
  for (const name of given) {
    const key = ID.test(name) ? keys.get(name)?.key : readPublicKey(readSmall(name));
    if (!key)
      throw new Usage(
        ID.test(name)
          ? `the bundle has no key ${name}`
          : `${name} is not a public key (PEM; ECDSA P-256, or RSA of 2048 bits and more)`,
      );
    trusted.set(key.id, { name, key });
  }
  return trusted;
}

function readCheckpoint(path: string): GivenCheckpoint {
  return { name: path, note: readSmall(path) };
}

function readSmall(path: string): string {
  const { size } = statSync(path);
  if (size > MAX_SMALL_FILE) throw new Usage(`${path} has more than ${MAX_SMALL_FILE} bytes`);
  return readFileSync(path, "utf8");
}

const CHUNK = 1024 * 1024;

function* chunksOf(path: string): Generator<Uint8Array> {
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer))
      yield buffer.subarray(0, read);
  } finally {
    closeSync(file);
  }
}

function isFileError(cause: unknown): boolean {
  return cause instanceof Error && "syscall" in cause && "code" in cause;
}
