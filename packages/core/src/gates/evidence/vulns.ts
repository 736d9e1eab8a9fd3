import type { GateScan, GateVulnerability } from "../../contract/index.ts";
import { MAX_SCANS_CHARACTERS } from "../scans.ts";
import type { MeasuredScan } from "./gate-material.ts";
import type { GateToKeep } from "./write-evidence.ts";

/** The predicate of https://in-toto.io/attestation/vulns/v0.2. What a scanner does not say is left out of it. */
interface Vulns {
  readonly scanner: Required<Pick<GateScan["scanner"], "uri" | "db">> & {
    readonly version?: string;
    readonly result: readonly (Pick<GateVulnerability, "id" | "severity"> & {
      readonly annotations?: readonly Readonly<Record<string, unknown>>[];
    })[];
  };
  readonly metadata: { readonly scanStartedOn: string; readonly scanFinishedOn: string };
}

/**
 * What the scanners of a gate found, in the words of in-toto: one predicate for each scanner, over all platforms and reports. It
 * is the scanner's word, and knows nothing of limits, exemptions or VEX. One that is too large for others to read is left out.
 */
export function vulnsOf({ result, material }: GateToKeep): Vulns[] {
  if (result.status === "error") return [];
  const byScanner = Map.groupBy(material.scans, ({ scanner }) => JSON.stringify(scanner));
  return [...byScanner.values()]
    .map(predicateOf)
    .filter((predicate) => JSON.stringify(predicate).length <= MAX_SCANS_CHARACTERS);
}

function predicateOf(scans: readonly MeasuredScan[]): Vulns {
  const { uri, version, db = {} } = (scans[0] as MeasuredScan).scanner;
  const started = Math.min(...scans.map((scan) => scan.started.getTime()));
  const finished = Math.max(...scans.map((scan) => scan.finished.getTime()));
  return {
    scanner: {
      uri,
      ...(version === undefined ? {} : { version }),
      db,
      result: scans.flatMap(({ platform, result }) =>
        result.map(({ id, severity, annotations }) => {
          const all = { ...annotations, ...(platform === null ? {} : { platform }) };
          return {
            id,
            severity,
            ...(Object.keys(all).length === 0 ? {} : { annotations: [all] }),
          };
        }),
      ),
    },
    metadata: {
      scanStartedOn: new Date(started).toISOString(),
      scanFinishedOn: new Date(finished).toISOString(),
    },
  };
}
