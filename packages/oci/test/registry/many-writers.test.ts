import { fileURLToPath } from "node:url";
import { pushArtifact, startLineProcess } from "@floe/testing";
import { expect, test } from "vitest";
import { openStore, REPO } from "./open-store.ts";

const PROCESSES = 24;
// Most of the time goes into starting the processes: ten rounds take little longer than two.
const ROUNDS = Number(process.env["FLOE_TEST_ROUNDS"] ?? 10);
const program = fileURLToPath(new URL("children/attach-by-line.ts", import.meta.url));
const signal = new AbortController().signal;

// Row 40.
test(`${PROCESSES} processes attach at once without the referrers API, ${ROUNDS} times, and nothing is lost`, async () => {
  await using opened = await openStore({ referrers: false });
  await using stack = new AsyncDisposableStack();
  const uri = `oci://${opened.registry.host}/${REPO}`;
  const writers = await Promise.all(
    Array.from({ length: PROCESSES }, async (_, at) =>
      stack.use(await startLineProcess(program, [uri, `writer ${at}`])),
    ),
  );
  for (let round = 1; round <= ROUNDS; round += 1) {
    const layers = [{ content: `subject ${round}` }];
    const subject = await pushArtifact(opened.registry, REPO, `v${round}`, { layers });
    const line = JSON.stringify(subject.descriptor);
    const attached = await Promise.all(writers.map((writer) => writer.ask(line)));
    const listed = await opened.store.referrers(subject.digest, { signal });
    expect(listed.map(({ digest }) => digest).sort()).toEqual(attached.sort());
    expect(new Set(attached).size).toBe(PROCESSES);
  }
}, 240_000);
