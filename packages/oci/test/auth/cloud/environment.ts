import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of its own that is removed when the test leaves its scope. */
export function temporaryFolder(): Disposable & { readonly path: string } & {
  /** Writes a file and gives its path. */
  write(name: string, text: string): string;
} {
  const path = mkdtempSync(join(tmpdir(), "floe-auth-"));
  return {
    path,
    write(name, text) {
      writeFileSync(join(path, name), text);
      return join(path, name);
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

const CLOUD_VARIABLES = /^(?:AWS_|AZURE_|GOOGLE_|GCE_|GCLOUD|MSI_|IDENTITY_|METADATA_)/;

/**
 * Sets the variables that clouds' packages read from the process, and nothing else of their kind, until the test leaves
 * its scope.
 */
export function cloudEnvironment(
  variables: Readonly<Record<string, string>>,
): Disposable & { readonly env: Readonly<Record<string, string>> } {
  const before = Object.entries(process.env).filter(([name]) => CLOUD_VARIABLES.test(name));
  clear();
  Object.assign(process.env, variables);
  return {
    env: variables,
    [Symbol.dispose]() {
      clear();
      Object.assign(process.env, Object.fromEntries(before));
    },
  };
}

function clear(): void {
  for (const name of Object.keys(process.env)) {
    if (CLOUD_VARIABLES.test(name)) delete process.env[name];
  }
}
