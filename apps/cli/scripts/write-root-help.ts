// Writes what `floe --help` prints when nobody has installed plugins, after a build; see src/start.ts.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = join(root, "dist/root-help.txt");
const home = mkdtempSync(join(tmpdir(), "floe-build-"));
try {
  rmSync(target, { force: true });
  const text = execFileSync(process.execPath, [join(root, "bin/run.js"), "--help"], {
    env: {
      ...process.env,
      FLOE_DATA_DIR: home,
      XDG_CACHE_HOME: home,
      NO_COLOR: "1",
      COLUMNS: "80",
    },
  });
  writeFileSync(target, text);
} finally {
  rmSync(home, { recursive: true, force: true });
}
