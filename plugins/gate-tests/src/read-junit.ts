import { setImmediate } from "node:timers/promises";
import { ReportProblem } from "@floe/gate-kit";
import { SaxesParser } from "saxes";
import { CaseBuilder } from "./case-builder.ts";
import { decodeReport } from "./decode-report.ts";
import type { JunitCase, JunitReport } from "./junit-report.ts";
import { SuiteTotals } from "./suite-totals.ts";

type Attributes = Readonly<Record<string, string>>;

interface OpenSuite {
  readonly name: string;
  readonly scope: string;
  readonly file: string;
  readonly totals: SuiteTotals;
}

const SUITES = new Set(["testsuites", "testsuite"]);
const FAILURES = new Set(["failure", "error"]);
const MARKS = new Set([
  ...FAILURES,
  "skipped",
  "flakyFailure",
  "flakyError",
  "rerunFailure",
  "rerunError",
]);

/** Attributes whose values decide. */
const DECISIVE = new Set([
  "tests",
  "failures",
  "errors",
  "skipped",
  "disabled",
  "status",
  "result",
]);

/** Deeper than any test program nests; a file that goes on is not a report. */
const MAX_DEPTH = 500;

/** Characters that are parsed before other work of the process gets a turn. */
const CHUNK = 256 * 1024;

/**
 * Reads JUnit XML of any dialect: root `testsuites` or `testsuite`, suites in suites, cases anywhere between. Nothing
 * outside the file is ever read, and entities of its own are refused.
 *
 * @throws {ReportProblem} with the line, for what is empty, cut off, not XML or not JUnit.
 */
export async function readJunit(
  path: string,
  bytes: Uint8Array,
  options: { readonly signal: AbortSignal },
): Promise<JunitReport> {
  const { text, sanitised } = decodeReport(path, bytes);
  const start = text.search(/\S/);
  if (text[start] !== "<") {
    throw new ReportProblem(
      path,
      1,
      "it is not XML, nor any other format that is read (TAP, CTRF, go test -json, JSON of jest, vitest or mocha)",
    );
  }
  const reader = new JunitReader(path, countLines(text.slice(0, start)));
  for (let at = start; at < text.length; at += CHUNK) {
    options.signal.throwIfAborted();
    reader.write(text.slice(at, at + CHUNK));
    await setImmediate();
  }
  return { path, sanitised, ...reader.end() };
}

/** Turns the parser's events into cases and totals. */
class JunitReader {
  readonly #path: string;
  readonly #linesBefore: number;
  readonly #parser = new SaxesParser({ xmlns: false, position: true });
  readonly #root = new SuiteTotals({});
  readonly #suites: OpenSuite[] = [];
  readonly #cases: JunitCase[] = [];
  #depth = 0;
  #case: CaseBuilder | null = null;
  /** Depth of the open case, and of the failure in it whose text is read. */
  #caseDepth = 0;
  #failureDepth = 0;

  constructor(path: string, linesBefore: number) {
    this.#path = path;
    this.#linesBefore = linesBefore;
    // The parser's own table inherits from Object: there, `&constructor;` would be an entity.
    this.#parser.ENTITIES = Object.assign(Object.create(null), {
      amp: "&",
      gt: ">",
      lt: "<",
      quot: '"',
      apos: "'",
    });
    this.#parser.on("error", (error) => {
      throw this.#problem(error.message.replace(/^\d+:\d+: /, ""), error);
    });
    this.#parser.on("doctype", (doctype) => {
      if (/<!ENTITY/i.test(doctype)) throw this.#problem("it declares entities, which are refused");
    });
    this.#parser.on("opentag", ({ name, attributes }) => this.#open(name, attributes));
    this.#parser.on("closetag", ({ name }) => this.#close(localName(name)));
    this.#parser.on("text", (text) => this.#text(text));
    this.#parser.on("cdata", (text) => this.#text(text));
  }

  write(text: string): void {
    this.#parser.write(text);
  }

  end(): Pick<JunitReport, "cases" | "announced" | "missing" | "unexplainedFailures"> {
    this.#parser.close();
    const { announced, missing, unexplainedFailures } = this.#root;
    return { cases: this.#cases, announced, missing, unexplainedFailures };
  }

  #open(fullName: string, attributes: Attributes): void {
    const name = localName(fullName);
    this.#refuseDamage(fullName, attributes);
    if (this.#depth === 0 && !SUITES.has(name)) {
      throw this.#problem(
        `its root element is <${name.slice(0, 100)}>, not <testsuites> or <testsuite>: this is no JUnit report`,
      );
    }
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw this.#problem(`elements are nested over ${MAX_DEPTH} deep`);

    if (SUITES.has(name)) this.#openSuite(attributes);
    else if (name === "testcase") this.#openCase(attributes);
    else if (MARKS.has(name)) this.#openMark(name, attributes);
  }

  /** A replaced character inside markup may hide what the element was, or that it says "failed". */
  #refuseDamage(element: string, attributes: Attributes): void {
    const decisive = Object.entries(attributes).flatMap(([name, value]) =>
      DECISIVE.has(name) ? [name, value] : [name],
    );
    if ([element, ...decisive].some((word) => word.includes("\ufffd"))) {
      throw this.#problem("an illegal character stands in its markup");
    }
  }

  #openSuite(attributes: Attributes): void {
    const parts = [attributes["hostname"], attributes["id"], attributes["package"]];
    this.#suites.push({
      name: attributes["name"] ?? "",
      scope: JSON.stringify(parts),
      file: attributes["file"] ?? attributes["filepath"] ?? "",
      totals: new SuiteTotals(attributes),
    });
  }

  #openCase(attributes: Attributes): void {
    if (this.#case !== null) throw this.#problem("a <testcase> stands inside another");
    this.#case = this.#newCase(attributes);
    this.#caseDepth = this.#depth;
  }

  #openMark(name: string, attributes: Attributes): void {
    if (this.#case === null) {
      // A suite that fails as a whole, in its set-up for example. It counts like a test.
      if (!FAILURES.has(name)) return;
      this.#case = this.#newCase({ name: "(the suite itself)" });
      this.#caseDepth = this.#depth;
    }
    this.#case.addMark(name, attributes);
    this.#failureDepth = name === "skipped" ? 0 : this.#depth;
  }

  #newCase(attributes: Attributes): CaseBuilder {
    const named = this.#suites.filter((suite) => suite.name !== "");
    return new CaseBuilder(attributes, {
      report: this.#path,
      suites: named.map((suite) => suite.name),
      scope: this.#suites.map((suite) => suite.scope).join(),
      suiteFile: this.#suites.findLast((suite) => suite.file !== "")?.file ?? "",
      reportLine: this.#line(),
      direct: this.#suites.length <= 1,
    });
  }

  #text(text: string): void {
    if (this.#failureDepth > 0) this.#case?.addText(text);
  }

  #close(name: string): void {
    if (this.#depth === this.#failureDepth) this.#failureDepth = 0;
    if (this.#case !== null && this.#depth === this.#caseDepth) {
      this.#suites.at(-1)?.totals.addCase(this.#case.looksFailing);
      this.#cases.push(this.#case.build());
      this.#case = null;
    }
    if (SUITES.has(name)) {
      const suite = this.#suites.pop();
      if (suite !== undefined) (this.#suites.at(-1)?.totals ?? this.#root).addSuite(suite.totals);
    }
    this.#depth -= 1;
  }

  #line(): number {
    return this.#parser.line + this.#linesBefore;
  }

  #problem(what: string, cause?: unknown): ReportProblem {
    const cut = /unclosed|unexpected end/i.test(what) ? " (is the file cut off?)" : "";
    return new ReportProblem(this.#path, this.#line(), `${what.replace(/\.$/, "")}${cut}`, cause);
  }
}

function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

function countLines(text: string): number {
  return text.split("\n").length - 1;
}
