export { cleanText, firstLine } from "./clean-text.ts";
export {
  type DecodeOptions,
  decodeParts,
  decodeText,
  lineAt,
  MAX_REPORT_BYTES,
} from "./decode-text.ts";
export { type JsonLine, jsonLines } from "./json-lines.ts";
export { requireAgreement, requireEnded, requireFresh } from "./judge-run.ts";
export { linesOf } from "./lines-of.ts";
export { matchName } from "./match-name.ts";
export { endOfString, parseJson } from "./parse-json.ts";
export { parseNumber, parsePercent } from "./parse-number.ts";
export {
  chooseReader,
  contentOf,
  type ReadOptions,
  type ReportContent,
  type ReportReader,
  readReports,
  withoutCopies,
} from "./read-reports.ts";
export { readShape, type ShapeSchema } from "./read-shape.ts";
export { ReportProblem } from "./report-problem.ts";
export { whyNotEnded } from "./why-not-ended.ts";
