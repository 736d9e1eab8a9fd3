import type { RegistrySettings } from "./registry-options.ts";
import { emptyRepository, type RepositoryState } from "./repository-state.ts";

/** What the handlers share. */
export interface RegistryContext {
  readonly repositories: Map<string, RepositoryState>;
  readonly settings: () => RegistrySettings;
  /** `http://127.0.0.1:PORT`. */
  readonly origin: () => string;
}

/** The repository of a name, made when it is not there. */
export function openRepository(context: RegistryContext, name: string): RepositoryState {
  let state = context.repositories.get(name);
  if (state === undefined) {
    state = emptyRepository();
    context.repositories.set(name, state);
  }
  return state;
}

/** A `Location` value, relative or absolute as configured. */
export function locationOf(context: RegistryContext, path: string): string {
  return context.settings().absoluteLocations ? `${context.origin()}${path}` : path;
}
