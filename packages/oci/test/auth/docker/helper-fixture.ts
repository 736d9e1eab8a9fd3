import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A home folder with a folder of programs. */
export interface Home extends Disposable {
  readonly path: string;
  /** `PATH` with the programs before those of the system, and `HOME`. */
  readonly env: Readonly<Record<string, string>>;
  /** Writes `docker-credential-NAME`, a shell script, which notes every server that it is asked for. */
  helper(name: string, script: string): void;
  /** The servers that helpers were asked for so far. */
  asked(): string[];
  /** Writes a file below the home folder; objects as JSON. */
  write(path: string, content: unknown): string;
}

/** Makes a home folder that is removed when the test leaves its scope. */
export function aHome(): Home {
  const path = mkdtempSync(join(tmpdir(), "floe-home-"));
  const log = join(path, "asked");
  writeFileSync(log, "");
  const write = (name: string, content: unknown): string => {
    const file = join(path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    return file;
  };
  return {
    path,
    env: { HOME: path, PATH: `${join(path, "bin")}:${process.env["PATH"] ?? ""}` },
    helper(name, script) {
      const file = write(
        `bin/docker-credential-${name}`,
        `#!/bin/sh\nread -r server\necho "$server $*" >>"${log}"\n${script}\n`,
      );
      chmodSync(file, 0o755);
    },
    asked: () =>
      readFileSync(log, "utf8")
        .split("\n")
        .filter((line) => line !== ""),
    write,
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
