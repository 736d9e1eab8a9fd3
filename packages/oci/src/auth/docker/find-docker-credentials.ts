import type { CallOptions } from "@floe/core/ports";
import { loginError } from "../login-error.ts";
import type { RegistryCredentials } from "../registry-credentials.ts";
import {
  credentialsIn,
  helpersOf,
  parseDockerConfig,
  type RegistryKey,
  serverNameOf,
} from "./docker-config.ts";
import { readTextFile } from "./read-text-file.ts";
import type { AskHelper } from "./run-credential-helper.ts";

const MAX_CONFIG_BYTES = 4 * 1024 * 1024;
const READABLE_BY_OTHERS = 0o044;

/** Where configurations are looked for, and who asks helpers. */
export interface DockerContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
  readonly askHelper: AskHelper;
  /** Told the path and mode of a file whose credentials are used although others than its owner may read them. */
  readonly onOpenFile: (path: string, mode: number) => void;
}

/** The files that may hold credentials, in the order in which they are looked into. */
function dockerConfigPaths({ env, homeDir }: Pick<DockerContext, "env" | "homeDir">): string[] {
  const path = process.getBuiltinModule("node:path");
  const authFile = env["REGISTRY_AUTH_FILE"];
  const runtimeDir = env["XDG_RUNTIME_DIR"];
  return [
    path.join(env["DOCKER_CONFIG"] || path.join(homeDir, ".docker"), "config.json"),
    ...(authFile ? [authFile] : []),
    ...(runtimeDir ? [path.join(runtimeDir, "containers", "auth.json")] : []),
  ];
}

/**
 * Looks for credentials as docker and podman keep them: in each file by the registry's own helper, then the common
 * one, then the file itself. `null`: none of them knows the registry.
 * @throws {FloeError} FLOE_REGISTRY_LOGIN_FAILED - a file or a helper cannot be used
 */
export async function findDockerCredentials(
  context: DockerContext,
  key: RegistryKey,
  { signal }: CallOptions,
): Promise<RegistryCredentials | null> {
  for (const path of dockerConfigPaths(context)) {
    const file = await readTextFile(path, { signal, maxBytes: MAX_CONFIG_BYTES }).catch(
      (cause: unknown) => {
        signal.throwIfAborted();
        throw loginError({
          registry: key.host,
          source: path,
          problem: "the file cannot be read",
          hint: "Check the file and its permissions.",
          cause,
        });
      },
    );
    if (file === null || file.text.trim() === "") continue;
    const config = parseDockerConfig(file.text, path, key.host);
    for (const helper of helpersOf(config, key)) {
      const asked = { helper, server: serverNameOf(key), registry: key.host, configured: path };
      const given = await context.askHelper(asked, { signal });
      if (given !== null) return given;
    }
    const own = credentialsIn(config, key);
    if (own === null) continue;
    if ((file.mode & READABLE_BY_OTHERS) !== 0) context.onOpenFile(path, file.mode);
    return own;
  }
  return null;
}
