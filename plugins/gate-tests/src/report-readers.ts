import type { ReportReader } from "@floe/gate-kit";
import type { JunitReport } from "./junit-report.ts";
import { isCtrf, readCtrf } from "./read-ctrf.ts";
import { isGo, readGo } from "./read-go.ts";
import { isJest, readJest } from "./read-jest.ts";
import { readJunit } from "./read-junit.ts";
import { isMocha, readMocha } from "./read-mocha.ts";
import { isTap, readTap } from "./read-tap.ts";

/** The formats of test reports, in the order in which a report is held against them. */
export const REPORT_READERS: readonly ReportReader<JunitReport>[] = [
  { format: "ctrf", matches: isCtrf, read: readCtrf },
  { format: "jest-json", matches: isJest, read: readJest },
  // vitest writes the form of jest, and says where it repeated a test in another way; both are read.
  { format: "vitest-json", matches: isJest, read: readJest },
  { format: "mocha-json", matches: isMocha, read: readMocha },
  { format: "go-json", matches: isGo, read: readGo },
  { format: "tap", matches: isTap, read: readTap },
  {
    format: "junit",
    matches: () => true,
    read: ({ path, bytes }, options) => readJunit(path, bytes, options),
  },
];
