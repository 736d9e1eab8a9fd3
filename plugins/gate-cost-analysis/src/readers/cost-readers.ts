import type { ReportContent, ReportReader } from "@floe/gate-kit";
import type { CostReport } from "../cost-report.ts";
import { hasKeys } from "./has-keys.ts";
import { readGeneric } from "./read-generic.ts";
import { readInfracost0 } from "./read-infracost-0.ts";
import { readInfracost2, refuseInspect } from "./read-infracost-2.ts";

/** Whether a report that begins as a JSON object has these keys. Damaged JSON throws, which names the line. */
const holds =
  (...keys: readonly string[]) =>
  (content: ReportContent): boolean =>
    /^\s*\{/.test(content.text()) && hasKeys(content.json(), ...keys);

/** All formats, the more telling ones first. */
export const costReaders: readonly ReportReader<CostReport>[] = [
  { format: "infracost", matches: holds("version", "projects"), read: readInfracost0 },
  { format: "infracost-inspect", matches: holds("project_details"), read: refuseInspect },
  { format: "infracost-2", matches: holds("projects"), read: readInfracost2 },
  { format: "generic", matches: holds("monthly"), read: readGeneric },
];
