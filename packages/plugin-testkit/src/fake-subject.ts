import type { GateReport, GateRun, GateSubject } from "@floe/core/plugin";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
const AT = new Date("2026-03-04T05:06:07.000Z");

/** What of a {@link fakeSubject} can be given; the rest has plain defaults. */
export type FakeSubjectInit = Partial<Omit<GateSubject, "artifact">> & {
  readonly artifact?: Partial<GateSubject["artifact"]>;
};

/** Makes something to judge: version v1.2.3 on its way from `staging` to `prod`, without a command or reports. */
export function fakeSubject(init: FakeSubjectInit = {}): GateSubject {
  const manifest = Buffer.from('{"schemaVersion":2}');
  return {
    source: "staging",
    target: "prod",
    gate: "fake",
    run: null,
    reports: [],
    dryRun: false,
    ...init,
    artifact: {
      reference: `registry.example/acme/app@${DIGEST}`,
      digest: DIGEST,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      size: manifest.byteLength,
      version: "v1.2.3",
      annotations: {},
      manifest: Uint8Array.from(manifest),
      ...init.artifact,
    },
  };
}

/** Makes a command that has ended, with exit status 0 unless said otherwise. */
export function fakeRun(init: Partial<GateRun> = {}): GateRun {
  return {
    argv: ["fake-tool"],
    exitCode: 0,
    signal: null,
    timedOut: false,
    startedAt: AT,
    durationMs: 1000,
    stdout: "",
    stderr: "",
    truncated: false,
    leftoverProcesses: 0,
    ...init,
  };
}

/** Makes a report file of the given content; its format is `auto` unless said otherwise. */
export function fakeReport(
  path: string,
  content: string | Uint8Array,
  init: Partial<Omit<GateReport, "path" | "bytes">> = {},
): GateReport {
  return {
    path,
    format: "auto",
    bytes: Uint8Array.from(typeof content === "string" ? Buffer.from(content) : content),
    modifiedAt: AT,
    ...init,
  };
}
