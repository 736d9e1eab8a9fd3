import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A program whose reports gates read. */
export type GateToolName = "ab" | "hey" | "hyperfine" | "python3.11" | "wrk";

/** Where a program is, and what it needs around it. */
export interface GateTool {
  readonly path: string;
  /** Variables by which it finds its own libraries. */
  readonly env: Readonly<Record<string, string>>;
}

// `src/peers` and `dist/peers` are equally deep below the repository's root.
const FOLDER = fileURLToPath(new URL("../../../../.peers/gate-tools/", import.meta.url));
const GO = fileURLToPath(new URL("../../../../.peers/go/usr/", import.meta.url));

/**
 * Finds a program that was unpacked for the interop suite. Python has pytest and pytest-benchmark.
 * @throws {Error} it is not there; the message says how to get it, so that no test passes for lack of a program
 */
export function gateTool(name: GateToolName): GateTool {
  const path = `${FOLDER}usr/bin/${name}`;
  if (!existsSync(path))
    throw new Error(`${name} is not in .peers: run scripts/install-peers.sh first`);
  const library = readFileSync(`${FOLDER}library-path`, "utf8").trim();
  return {
    path,
    env: {
      LD_LIBRARY_PATH: `${FOLDER}${library}`,
      PYTHONHOME: `${FOLDER}usr`,
      PYTHONPATH: `${FOLDER}usr/lib/python3/dist-packages`,
      PYTHONDONTWRITEBYTECODE: "1",
    },
  };
}

/**
 * Finds Go and gotestsum, which starts the Go that is first in the `PATH`. Nothing is fetched, and what is built lies in `cache`.
 * @throws {Error} they are not there; the message says how to get them, so that no test passes for lack of a program
 */
export function goTool(name: "go" | "gotestsum", cache: string): GateTool {
  const programs = `${GO}lib/go-1.19/bin`;
  const path = name === "go" ? `${programs}/go` : `${GO}bin/gotestsum`;
  if (!existsSync(path))
    throw new Error(`${name} is not in .peers: run scripts/install-peers.sh first`);
  return {
    path,
    env: {
      ...{ GOROOT: `${GO}lib/go-1.19`, GOCACHE: cache, GOFLAGS: "-mod=mod", GOPROXY: "off" },
      // A compiler for C is no part of it.
      ...{ CGO_ENABLED: "0", PATH: `${programs}:${GO}bin:/usr/bin:/bin` },
    },
  };
}
