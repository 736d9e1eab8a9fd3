import { setImmediate } from "node:timers/promises";
import { decodeParts, ReportProblem } from "@floe/gate-kit";
import { SaxesParser } from "saxes";
import { Attempts } from "./attempts.ts";
import { CaseBuilder } from "./case-builder.ts";
import type { JunitCase, JunitReport } from "./junit-report.ts";
import { XmlRepair } from "./repair-xml.ts";
import { SuiteTotals } from "./suite-totals.ts";

type Attributes = Readonly<Record<string, string>>;

interface OpenSuite {
  /** Name of each suite from the outermost to this one, of those that have one. */
  readonly names: readonly string[];
  /** Whatever tells this suite and those around it from others: names, host name (Playwright's browser), id, package. */
  readonly scope: number;
  /** Its source file, or that of the nearest suite around it that has one. */
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
  const reader = new JunitReader(path);
  for (const part of decodeParts(path, bytes, { encoding: declaredEncoding(bytes) })) {
    options.signal.throwIfAborted();
    reader.write(part);
    // Other work of the process gets a turn.
    await setImmediate();
  }
  return reader.end();
}

/** Bytes in which the declaration can be read at all are not UTF-16, whatever it says (some writers say so). */
function declaredEncoding(bytes: Uint8Array): string {
  const start = Buffer.from(bytes.subarray(0, 200)).toString("latin1");
  const declared = /^\s*<\?xml[^>]*\bencoding\s*=\s*["']([\w.:-]+)["']/.exec(start)?.[1] ?? "utf-8";
  return /^(?:utf-?16|ucs-?2)/i.test(declared) ? "utf-8" : declared;
}

/** Turns the parser's events into cases and totals. */
class JunitReader {
  readonly #path: string;
  /** Lines before the document begins; a parser wants it to begin at once. */
  #linesBefore = 0;
  #hasBegun = false;
  readonly #repair = new XmlRepair();
  readonly #parser = new SaxesParser({ xmlns: false, position: true });
  readonly #root = new SuiteTotals({});
  readonly #suites: OpenSuite[] = [];
  readonly #cases: JunitCase[] = [];
  readonly #attempts = new Attempts();
  #depth = 0;
  #case: CaseBuilder | null = null;
  /** Depth of the open case, and of the failure in it whose text is read. */
  #caseDepth = 0;
  #failureDepth = 0;

  constructor(path: string) {
    this.#path = path;
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
    this.#parser.on("cdata", (text) => this.#text(text));
  }

  write(part: string): void {
    let text = part;
    if (!this.#hasBegun) {
      text = part.trimStart();
      this.#linesBefore += countLines(part.slice(0, part.length - text.length));
      if (text === "") return;
      if (text[0] !== "<") {
        throw new ReportProblem(
          this.#path,
          1,
          "it is not XML, nor any other format that is read (TAP, CTRF, go test -json, JSON of jest, vitest or mocha)",
        );
      }
      this.#hasBegun = true;
    }
    this.#parser.write(this.#repaired(text, false));
  }

  end(): JunitReport {
    this.#parser.write(this.#repaired("", true));
    this.#parser.close();
    const { announced, missing, unexplainedFailures } = this.#root;
    return {
      path: this.#path,
      cases: this.#cases,
      repeated: this.#attempts.repeated,
      ...{ announced, missing, unexplainedFailures },
      sanitised: this.#repair.sanitised,
    };
  }

  #repaired(text: string, last: boolean): string {
    try {
      return this.#repair.write(text, last);
    } catch (cause) {
      throw cause instanceof RangeError ? this.#problem(cause.message, cause) : cause;
    }
  }

  #open(fullName: string, attributes: Attributes): void {
    const name = localName(fullName);
    if (this.#repair.hasReplacement) this.#refuseDamage(fullName, attributes);
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
    const around = this.#suites.at(-1);
    const { name = "", hostname, id, package: pkg, file, filepath } = attributes;
    this.#suites.push({
      names: [...(around?.names ?? []), ...(name === "" ? [] : [name])],
      scope: this.#attempts.scopeIn(around?.scope ?? 0, [name, hostname, id, pkg]),
      file: (file ?? filepath ?? "") || (around?.file ?? ""),
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
    if (name === "skipped") this.#leaveFailure();
    else {
      this.#failureDepth = this.#depth;
      // Only there: the rest of the text, captured output for the most part, is not even put together.
      this.#parser.on("text", (text) => this.#text(text));
    }
  }

  #newCase(attributes: Attributes): CaseBuilder {
    const around = this.#suites.at(-1);
    return new CaseBuilder(attributes, {
      report: this.#path,
      suites: around?.names ?? [],
      suiteFile: around?.file ?? "",
      reportLine: this.#line(),
      direct: this.#suites.length <= 1,
    });
  }

  #leaveFailure(): void {
    this.#failureDepth = 0;
    this.#parser.off("text");
  }

  #text(text: string): void {
    if (this.#failureDepth > 0) this.#case?.addText(text);
  }

  #close(name: string): void {
    if (this.#depth === this.#failureDepth) this.#leaveFailure();
    if (this.#case !== null && this.#depth === this.#caseDepth) {
      const suite = this.#suites.at(-1);
      suite?.totals.addCase(this.#case.looksFailing);
      const one = this.#case.build();
      this.#cases.push(one);
      this.#attempts.add(one, suite?.scope ?? 0);
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
