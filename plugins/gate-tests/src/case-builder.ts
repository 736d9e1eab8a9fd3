import { basename } from "node:path";
import { firstLine } from "@floe/gate-kit";
import type { CaseStatus, JunitCase } from "./junit-report.ts";

type Attributes = Readonly<Record<string, string>>;

/** Where a case stands in its report. */
export interface CasePlace {
  readonly report: string;
  /** Name of each suite around the case, outermost first. */
  readonly suites: readonly string[];
  readonly suiteFile: string;
  readonly reportLine: number;
  /** Directly in `<testsuites>`, without a suite. */
  readonly direct: boolean;
}

const FAILED_WORDS = new Set(["failed", "failure", "fail"]);
const ERRORED_WORDS = new Set(["error", "errored", "broken"]);
const SKIPPED_WORDS = new Set([
  "skipped",
  "disabled",
  "notrun",
  "ignored",
  "pending",
  "suppressed",
]);

const SCRIPT_FILE = /\.[cm]?[jt]sx?$/;

/** Gathers what one `<testcase>` says of itself, in whatever dialect. */
export class CaseBuilder {
  readonly #attributes: Attributes;
  readonly #place: CasePlace;
  readonly #seen: string[] = [];
  #todo = false;
  #message = "";

  constructor(attributes: Attributes, place: CasePlace) {
    this.#attributes = attributes;
    this.#place = place;
    for (const name of ["status", "result"]) {
      const word = attributes[name]?.trim().toLowerCase();
      if (word === undefined) continue;
      if (FAILED_WORDS.has(word)) this.#seen.push("failure");
      if (ERRORED_WORDS.has(word)) this.#seen.push("error");
      if (SKIPPED_WORDS.has(word)) this.#seen.push("skipped");
    }
    // node:test says it twice, once as an attribute.
    if (attributes["failure"] !== undefined) {
      this.#seen.push("failure");
      this.#message = attributes["failure"];
    }
  }

  /** Takes an element inside the case. */
  addMark(element: string, attributes: Attributes): void {
    this.#seen.push(element);
    if (element === "skipped" && attributes["type"]?.toLowerCase() === "todo") this.#todo = true;
    if (element !== "skipped" && this.#message === "") {
      this.#message = attributes["message"]?.trim() ?? "";
    }
  }

  /** Takes the text of a failure, which is its message when there is no other. */
  addText(text: string): void {
    if (this.#message === "") this.#message = text.slice(0, 4000).trim();
  }

  /** Whether anything in the case looks like a failure, counted or not. */
  get looksFailing(): boolean {
    return ["error", "failure", "rerunFailure", "rerunError"].some((mark) =>
      this.#seen.includes(mark),
    );
  }

  build(): JunitCase {
    const { report, suites, suiteFile, reportLine } = this.#place;
    const name = this.#attributes["name"] ?? "";
    const className = this.#attributes["classname"] ?? this.#attributes["class"] ?? "";
    const file = this.#attributes["file"] ?? suiteFile;
    const line = this.#attributes["line"] ?? "";
    const status = this.#status();
    return {
      report,
      name,
      className,
      file,
      line,
      suites,
      status,
      reportLine,
      message: this.#message === "" ? "" : firstLine(this.#message),
      seconds: toSeconds(this.#attributes["time"]),
      isEmptyFile: status === "passed" && this.#isNamedLikeFile(name, className),
    };
  }

  #status(): CaseStatus {
    // A `todo` may fail: it is known not to work yet.
    if (this.#todo) return "todo";
    if (this.#seen.includes("error")) return "errored";
    if (this.looksFailing) return "failed";
    if (this.#seen.includes("skipped")) return "skipped";
    if (this.#seen.includes("flakyFailure") || this.#seen.includes("flakyError")) return "flaky";
    return "passed";
  }

  #isNamedLikeFile(name: string, className: string): boolean {
    if (!this.#place.direct || className !== "test" || !SCRIPT_FILE.test(name)) return false;
    const file = this.#attributes["file"];
    return file === undefined || basename(file) === basename(name);
  }
}

/** Seconds of a `time` attribute: `1.5`, `1,204.318`, `0,25`; 0 for anything else. */
function toSeconds(value: string | undefined): number {
  const usual = Number(value);
  if (usual >= 0 && usual < Number.POSITIVE_INFINITY) return usual;
  const text = value?.trim() ?? "";
  const plain = text.includes(".") ? text.replaceAll(",", "") : text.replace(",", ".");
  const seconds = Number(plain);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 0;
}
