import type { GateSubject } from "@floe/core/plugin";
import type { ArtifactFacts } from "@floe/core/ports";
import type { z } from "zod";
import type { ArtifactContent } from "../content.ts";
import type { ManifestReading } from "../read-manifest.ts";

/** What a rule judges. */
export interface RuleInput {
  readonly artifact: GateSubject["artifact"];
  /** `none` for the first environment. */
  readonly source: string;
  readonly target: string;
  /** The artifact's manifest, read once for all rules. */
  readonly manifest: ManifestReading;
  /** The repositories that take part: the artifact's own and the configured one. */
  readonly repositories: readonly string[];
  /** The configured environments. */
  readonly environments: readonly string[];
  readonly versionPattern: RegExp | null;
  readonly now: Date;
  /** What the artifact is made of. */
  readonly content: ArtifactContent;
  /** What only the registry and the ledgers know; `null` where nobody can ask them. */
  readonly facts: ArtifactFacts | null;
  readonly signal: AbortSignal;
}

/** One thing that is not as a rule wants it. */
export interface Violation {
  readonly message: string;
  /** What it is about: a repository, an annotation's key, a digest. */
  readonly subject?: string;
  readonly measured?: string | number;
  readonly limit?: string | number;
  readonly fix: string;
}

/** Judges an artifact by a rule whose settings are bound. @throws {CannotJudge} what it needs is not there */
export type Judge = (input: RuleInput) => readonly Violation[] | Promise<readonly Violation[]>;

/** A rule that floe brings, as the tables of rules hold it. */
export interface BuiltinRule {
  /** Snake case, as `builtin:` in the manifest spells it. */
  readonly name: string;
  /** Stable code of its violations: `FLOE-E` and a number that is never used for anything else. */
  readonly code: string;
  /** One line for the reference. */
  readonly summary: string;
  /** `content`: it looks only into what the artifact is made of, so that it can judge before there is an artifact. */
  readonly about: "artifact" | "content";
  /** Checks `with`. */
  readonly settings: z.ZodType;
  /** Binds settings that `settings` accepts. */
  bind(settings: unknown): Judge;
}

/** Makes a rule; the type of its settings stays inside. */
export function defineRule<Schema extends z.ZodType>(rule: {
  readonly name: string;
  readonly code: string;
  readonly summary: string;
  readonly settings: Schema;
  readonly about?: BuiltinRule["about"];
  readonly judge: (
    input: RuleInput,
    settings: z.output<Schema>,
  ) => readonly Violation[] | Promise<readonly Violation[]>;
}): BuiltinRule {
  const { judge, ...rest } = rule;
  return {
    about: "artifact",
    ...rest,
    bind(value) {
      const settings = rule.settings.parse(value ?? {}, { jitless: true });
      return (input) => judge(input, settings);
    },
  };
}
