import type { GateBaseline, PluginJson } from "../../contract/index.ts";
import type { Digest } from "../../model/digest.ts";

/** What a gate found for the artifact that runs in the target environment, and where that stands. */
export interface Baseline {
  /** As the gate gets it. */
  readonly subject: GateBaseline;
  /** The evidence's manifest. */
  readonly evidence: Digest;
}

/** The folder under which evidence keeps the reports of a platform. */
export function platformFolder(platform: string): string {
  return `${platform.replaceAll("/", "-")}/`;
}

/** What was found for one platform of an index; `null`: nothing was. `platform: null` is the artifact as a whole. */
export function baselineOn(baseline: Baseline, platform: string | null): Baseline | null {
  const platforms = baseline.subject.details["platforms"] as Members | undefined;
  if (platform === null) return baseline;
  const found = platforms?.[platform] as Partial<GateBaseline> | undefined;
  if (!found) return null;
  const folder = platformFolder(platform);
  const { status = baseline.subject.status, metrics = {}, details = {} } = found;
  return {
    ...baseline,
    subject: {
      ...baseline.subject,
      ...{ status, metrics, details },
      reports: baseline.subject.reports
        .filter(({ path }) => path.startsWith(folder))
        .map((report) => ({ ...report, path: report.path.slice(folder.length) })),
    },
  };
}

type Members = Readonly<Record<string, PluginJson>>;
