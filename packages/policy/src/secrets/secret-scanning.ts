import type { ArtifactText } from "../content.ts";
import { matchesAny } from "../glob.ts";
import type { Policies } from "../policies-schema.ts";
import { CannotJudge } from "../rules/cannot-judge.ts";
import type { RuleInput, Violation } from "../rules/rule.ts";
import { isSecretByName, SECRET_PATTERNS } from "./secret-patterns.ts";
import { assignment, type TextValue, textValues } from "./text-values.ts";

/** The section `policies.secret_scanning`. */
export type SecretScanning = NonNullable<Policies["secret_scanning"]>;

/** What is shorter is no secret that has a form; most of a hostile text is. */
const SHORTEST = 8;

/** More findings than these say nothing new. */
const MAX_FINDINGS = 100;

interface Detector {
  readonly what: string;
  readonly finds: (value: string) => boolean;
}

/** Looks for secrets in the texts of an artifact. A finding says what and where, and never shows any of it. */
export async function scanSecrets(
  { content, signal }: Pick<RuleInput, "content" | "signal">,
  scanning: SecretScanning,
): Promise<Violation[]> {
  const detectors = await detectorsOf(scanning);
  const found: Violation[] = [];
  for (const text of await content.texts()) {
    for (const violation of findingsIn(text, detectors, scanning.exclude ?? [], signal)) {
      found.push(violation);
      if (found.length >= MAX_FINDINGS) return found;
    }
  }
  return found;
}

async function detectorsOf({ custom = [] }: SecretScanning): Promise<Detector[]> {
  const known = SECRET_PATTERNS.map(({ what, pattern }) => ({
    what,
    finds: (value: string) => value.length >= SHORTEST && pattern.test(value),
  }));
  if (custom.length === 0) return known;
  const { RE2JS } = await import("re2js");
  return [
    ...known,
    ...custom.map(({ id, pattern }) => {
      try {
        const compiled = RE2JS.compile(pattern);
        return {
          what: `what ${id} looks for`,
          finds: (value: string) => compiled.matcher(value).find(),
        };
      } catch {
        throw new CannotJudge(
          `policies.secret_scanning.custom.${id} is not a pattern of RE2 (no look-around, no back-references)`,
        );
      }
    }),
  ];
}

function* findingsIn(
  { name, text }: ArtifactText,
  detectors: readonly Detector[],
  exclude: readonly string[],
  signal: AbortSignal,
): Generator<Violation> {
  // A key may be a secret as well, and stands in the place of everything below it.
  const hide = (key: string): string => (detectors.some(({ finds }) => finds(key)) ? "***" : key);
  let count = 0;
  for (const item of textValues(text)) {
    if (++count % 1000 === 0) signal.throwIfAborted();
    const what = whatIs(item, detectors);
    if (what === null) continue;
    const place = `${name}${item.place(hide)}`;
    if (exclude.length > 0 && matchesAny(exclude, place)) continue;
    yield {
      message: `${what} is in ${place} (${item.value.length} characters, not shown)`,
      subject: place,
      fix: "Take it out, publish a new version, and replace the secret: whoever could pull the artifact has it. If it is none, exclude its place in policies.secret_scanning.exclude.",
    };
  }
}

function whatIs({ value, name }: TextValue, detectors: readonly Detector[]): string | null {
  const detector = detectors.find(({ finds }) => finds(value));
  if (detector) return detector.what;
  const assigned = name === null ? assignment(value) : { name, value };
  return assigned && isSecretByName(assigned.name, assigned.value)
    ? "a value that is a secret by its name"
    : null;
}
