import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** An S3 server of its own for tests, and the keys that it knows. */
export interface S3Server extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Programs of Debian sid that run beside another system's libraries. */
export interface S3Programs {
  /** The command line of a program. */
  command(name: string, ...args: string[]): string[];
  /** The same of a script for Python. */
  script(name: string, ...args: string[]): string[];
  /** The same of a program in Python. */
  python(code: string): string[];
  readonly env: Readonly<Record<string, string>>;
  /** A folder of libraries, absolute. */
  readonly libraries: string;
}

const PEERS = new URL("../../../../.peers/s3/", import.meta.url);

/**
 * Finds the programs.
 * @throws {Error} they are not there; the message says how to get them
 */
export function s3Programs(): S3Programs {
  const root = fileURLToPath(PEERS);
  if (!existsSync(join(root, "loader")))
    throw new Error("the S3 servers are not in .peers: run scripts/install-peers.sh first");
  const loader = join(root, readFileSync(join(root, "loader"), "utf8").trim());
  const libraries = dirname(loader);
  const command = (name: string, ...args: string[]): string[] => [
    loader,
    "--library-path",
    `${libraries}:${join(libraries, "ceph")}`,
    join(root, "usr/bin", name),
    ...args,
  ];
  return {
    libraries,
    command,
    script: (name, ...args) => command("python3", "-S", join(root, "usr/bin", name), ...args),
    python: (code) => command("python3", "-S", "-c", code),
    env: {
      LC_ALL: "C.UTF-8",
      PYTHONHOME: join(root, "usr"),
      PYTHONPATH: join(root, "usr/lib/python3/dist-packages"),
      PYTHONDONTWRITEBYTECODE: "1",
    },
  };
}
