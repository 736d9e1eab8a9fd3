import { FloeError } from "../errors/index.ts";
import type { EnvironmentConfig, Manifest } from "../manifest/manifest.ts";
import { NO_SOURCE } from "../model/tag.ts";
import { nearNames } from "./near-names.ts";
import { type Reason, reason } from "./reason.ts";

/** The path as people read it: `none → dev → staging → prod`. */
export function pathText(manifest: Manifest): string {
  return [NO_SOURCE, ...manifest.environments.map((environment) => environment.name)].join(" → ");
}

/**
 * Finds an environment for a command's `--env`.
 * @throws {FloeError} FLOE_ENVIRONMENT_NOT_FOUND - with near names
 */
export function findEnvironment(manifest: Manifest, name: string): EnvironmentConfig {
  const found = manifest.environments.find((environment) => environment.name === name);
  if (found) return found;
  const names = manifest.environments.map((environment) => environment.name);
  const near = nearNames(name, names);
  throw new FloeError({
    code: "FLOE_ENVIRONMENT_NOT_FOUND",
    message: `the manifest has no environment ${JSON.stringify(name)}`,
    hint: near.length > 0 ? `Did you mean ${near.join(" or ")}?` : `It has ${names.join(", ")}.`,
    details: { environment: name, near },
  });
}

/**
 * The environments that a command is about: the one of its `--env`, or all.
 * @throws {FloeError} FLOE_ENVIRONMENT_NOT_FOUND - with near names
 */
export function selectEnvironments(
  manifest: Manifest,
  name: string | undefined,
): readonly EnvironmentConfig[] {
  return name === undefined ? manifest.environments : [findEnvironment(manifest, name)];
}

/** Says whether an environment has another repository than the one in which versions are published. */
export function hasOwnRepository(
  environment: Pick<EnvironmentConfig, "registry">,
  manifest: Pick<Manifest, "registry">,
): boolean {
  return environment.registry.uri !== manifest.registry.uri;
}

/** A transition that was asked for, judged against the path. */
export interface Transition {
  /** `null`: unknown target. */
  readonly target: EnvironmentConfig | null;
  readonly source: string;
  readonly problem: Reason | null;
}

/** Judges a transition: only to the environment right after the source. */
export function judgeTransition(
  manifest: Manifest,
  to: string,
  from: string | undefined,
): Transition {
  const names = manifest.environments.map((environment) => environment.name);
  const index = names.indexOf(to);
  const path = `The path is ${pathText(manifest)}.`;
  const refuse = (
    target: EnvironmentConfig | null,
    source: string,
    message: string,
    hint = path,
  ): Transition => ({
    target,
    source,
    problem: reason("FLOE_TRANSITION_INVALID", message, hint),
  });
  if (index < 0) {
    const near = nearNames(to, names);
    const hint = near.length > 0 ? `Did you mean --to ${near[0]}? ${path}` : path;
    return refuse(null, from ?? NO_SOURCE, `there is no environment ${JSON.stringify(to)}`, hint);
  }
  const target = manifest.environments[index] ?? null;
  const before = index === 0 ? NO_SOURCE : (names[index - 1] ?? NO_SOURCE);
  if (from === undefined || from === before) return { target, source: before, problem: null };
  if (from !== NO_SOURCE && !names.includes(from)) {
    return refuse(target, from, `there is no environment ${JSON.stringify(from)}`);
  }
  const position = from === NO_SOURCE ? -1 : names.indexOf(from);
  const what = position >= index ? "goes backwards" : "skips an environment";
  return refuse(
    target,
    from,
    `${from} → ${to} ${what}`,
    `${path} Promote to ${to} from ${before}; to go back, use floe rollback.`,
  );
}
