import { describe, expect, test } from "vitest";
import { readJunit } from "../src/read-junit.ts";
import { suite, testcase } from "./judge.ts";

const NEVER = new AbortController().signal;

function read(content: string | Uint8Array) {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return readJunit("junit.xml", bytes, { signal: NEVER });
}

async function statuses(content: string): Promise<string[]> {
  return (await read(content)).cases.map(({ status }) => status);
}

describe("the status of a case", () => {
  test.each<[string, string, string]>([
    ["error before failure before skipped", "<skipped/><failure/><error/>", "errored"],
    ["failure before skipped", "<skipped/><failure/>", "failed"],
    ["a todo may fail", '<skipped type="todo"/><failure/>', "todo"],
    ["an expected failure is skipped", '<skipped type="pytest.xfail"/>', "skipped"],
    ["passed when repeated", "<flakyFailure><stackTrace/></flakyFailure>", "flaky"],
    ["errored first, passed when repeated", "<flakyError/>", "flaky"],
    ["failed when repeated", "<failure/><rerunFailure/><rerunError/>", "failed"],
    ["failed in every repetition, without more", "<rerunFailure/>", "failed"],
    ["a failure deeper inside", "<steps><step><failure/></step></steps>", "failed"],
    ["a failure in another namespace", '<j:failure xmlns:j="urn:x"/>', "failed"],
    ["other elements say nothing", "<properties/><system-out>failure</system-out>", "passed"],
  ])("%s", async (_what, content, status) => {
    expect(await statuses(suite(testcase("a", content)))).toEqual([status]);
  });

  test.each<[string, string]>([
    ['status="notrun"', "skipped"],
    ['result="skipped"', "skipped"],
    ['status="Failed"', "failed"],
    ['result="error"', "errored"],
    ['status="run" result="completed"', "passed"],
    ['failure="1 == 2"', "failed"],
  ])("from the attribute %s", async (attributes, status) => {
    expect(await statuses(suite(testcase("a", "", attributes)))).toEqual([status]);
  });

  test("of a suite that fails as a whole counts like a test", async () => {
    const { cases } = await read(suite(`<error message="no database"/>${testcase("a")}`));

    expect(cases).toMatchObject([
      { name: "(the suite itself)", status: "errored", message: "no database" },
      { name: "a", status: "passed" },
    ]);
  });
});

describe("what a case says of itself", () => {
  test("its names, place, time and the suites around it", async () => {
    const { cases } = await read(
      `<testsuites>
        <testsuite name="outer" file="suite.js">
          <testsuite name="inner">
            <testcase name="a" class="k" file="a.js" line="7" time="1,204.318"><failure message=" no &amp; never ">text</failure></testcase>
            <testcase name="b" time="0,25"/>
            <testcase name="c" time="NaN"/>
          </testsuite>
        </testsuite>
      </testsuites>`,
    );

    expect(cases).toMatchObject([
      {
        name: "a",
        className: "k",
        file: "a.js",
        line: "7",
        seconds: 1204.318,
        suites: ["outer", "inner"],
        message: "no & never",
        reportLine: 4,
      },
      { name: "b", file: "suite.js", seconds: 0.25 },
      { name: "c", seconds: 0 },
    ]);
  });

  test("its message is the first line of its text where it has no message", async () => {
    const { cases } = await read(
      suite(
        testcase("a", "<failure>\n  <![CDATA[\u001b[31mred\u001b[0m < & alert]]>\nmore</failure>"),
      ),
    );

    expect(cases[0]?.message).toBe("red < & alert");
  });
});

describe("totals in attributes", () => {
  test("are compared with what is listed, on each level, and never added up across levels", async () => {
    const report = await read(
      `<testsuites tests="5" failures="2">
        <testsuite tests="5" failures="2"><testsuite tests="3" failures="1">${testcase("a")}</testsuite></testsuite>
      </testsuites>`,
    );

    expect(report).toMatchObject({
      announced: { tests: 5, failures: 2, errors: 0 },
      missing: 4,
      unexplainedFailures: 2,
    });
  });

  test("of one suite are not made good by another", async () => {
    const report = await read(
      `<testsuites tests="2" failures="1">
        <testsuite failures="1">${testcase("a")}</testsuite>
        <testsuite>${testcase("b", "<failure/>")}</testsuite>
      </testsuites>`,
    );

    expect(report.unexplainedFailures).toBe(1);
  });

  test("that are no numbers are ignored, thousands may have commas", async () => {
    const report = await read(
      `<testsuites><testsuite tests="many" failures="-1"/><testsuite tests="1,200"/></testsuites>`,
    );

    expect(report).toMatchObject({ announced: { tests: 1200, failures: 0 }, missing: 1200 });
  });

  test("that count a failing todo as a failure are explained by it", async () => {
    const report = await read(
      suite(testcase("a", '<skipped type="todo"/><failure/>'), 'failures="1"'),
    );

    expect(report.unexplainedFailures).toBe(0);
  });
});

describe("a file that is not a report is refused with its line", () => {
  test.each<[string, string, RegExp]>([
    ["nothing", "", /^cannot read junit\.xml: the report is empty$/],
    ["blanks", " \n\n ", /: the report is empty$/],
    ["JSON", '{"reportFormat":"CTRF"}', /line 1: it is not XML/],
    ["TAP", "TAP version 13\n1..0\n", /line 1: it is not XML/],
    [
      "the page of a proxy",
      "\n<!DOCTYPE html>\n<html><body>502</body></html>",
      /line 3: its root element is <html>/,
    ],
    ["a suite that is not closed", "<testsuites>\n<testsuite>\n", /line 3: unclosed .*cut off\?/],
    ["two documents in one", `${suite("")}${suite("")}`, /line 3: /],
    ["an entity of its own", suite("&lol;"), /line 2: undefined entity/],
    ["an entity of the parser's own table", suite("&constructor;"), /undefined entity/],
    [
      "entities that it declares",
      `<!DOCTYPE testsuites [<!ENTITY x SYSTEM "file:///etc/passwd">]>${suite("").slice(39)}`,
      /declares entities, which are refused/,
    ],
    [
      "a case inside a case",
      suite(testcase("a", testcase("b"))),
      /<testcase> stands inside another/,
    ],
    ["endless nesting", "<testsuites>".repeat(10_000), /line 1: elements are nested over 500 deep/],
    ["NUL in the name of an element", suite(testcase("a", "<fail\0ure/>")), /illegal character/],
    ["NUL in a count", '<testsuites failures="1\0"/>', /illegal character/],
    ["a hole", suite("\0".repeat(8)), /line 2: a run of NUL/],
    [
      "an encoding that nobody knows",
      '<?xml version="1.0" encoding="x-klingon"?><testsuites/>',
      /encoding x-klingon/,
    ],
  ])("%s", async (_what, content, message) => {
    await expect(read(content)).rejects.toThrow(message);
    await expect(read(content)).rejects.toMatchObject({ name: "ReportProblem" });
  });
});

describe("what test programs get wrong is repaired and counted", () => {
  test.each<[string, string, string, number]>([
    ["a raw control character", "a\u001b[31mb", "a\ufffd[31mb", 1],
    ["a reference to one", "a&#x1B;&#0;b", "a\ufffd\ufffdb", 2],
    ["a reference out of range", "a&#x110000;b", "a\ufffdb", 1],
    ["a bare ampersand", "a & b &&amp; c&", "a & b && c&", 3],
    ["references that are right", "a &lt;b&gt; &#233;&#xE9;", "a <b> éé", 0],
    ["the members of an object's prototype", "__proto__", "__proto__", 0],
  ])("%s", async (_what, written, name, sanitised) => {
    const report = await read(suite(testcase(written)));

    expect(report.cases[0]?.name).toBe(name);
    expect(report.sanitised).toBe(sanitised);
  });

  test("ampersands stay as they are in CDATA sections and comments", async () => {
    const report = await read(
      suite(
        `<!-- a & b --><system-out><![CDATA[a & b]]></system-out>${testcase("a", "<failure><![CDATA[x & y]]></failure>")}`,
      ),
    );

    expect(report).toMatchObject({ sanitised: 0, cases: [{ message: "x & y" }] });
  });

  test("elements and attributes named like members of an object's prototype are nothing special", async () => {
    const report = await read(suite(`<__proto__ constructor="x" __proto__="y"/>${testcase("a")}`));

    expect(report.cases).toHaveLength(1);
  });
});

describe("the encoding", () => {
  test("is taken from the declaration", async () => {
    const text = `<?xml version="1.0" encoding="ISO-8859-1"?><testsuites>${testcase("é")}</testsuites>`;

    expect((await read(Buffer.from(text, "latin1"))).cases[0]?.name).toBe("é");
  });

  test("is not UTF-16 only because the declaration says so", async () => {
    const text = `<?xml version="1.0" encoding="utf-16"?><testsuites>${testcase("é")}</testsuites>`;

    expect((await read(text)).cases[0]?.name).toBe("é");
  });
});

test("an external document type is neither refused nor read", async () => {
  const { cases } = await read(
    `<!DOCTYPE testsuites SYSTEM "http://127.0.0.1:1/junit.dtd"><testsuites>${testcase("a")}</testsuites>`,
  );

  expect(cases).toHaveLength(1);
});

test("what is repaired does not depend on where a part of the file ends", async () => {
  const content = "&#x1B;&amp;&a & <!-- & -->";
  const section = "<![CDATA[ & ]] ]]>";
  // Every character of the second case meets the border of two parts once.
  for (let shift = 0; shift < content.length + section.length + 60; shift += 1) {
    const before = "x".repeat(256 * 1024 - 230 + shift);
    const report = await read(
      suite(
        `<system-out>${before}</system-out>${testcase("a &#x1B;&amp;&a", `<failure>${content}</failure>`)}${testcase("b", `<failure>${section}</failure>`)}`,
      ),
    );
    expect(report).toMatchObject({
      sanitised: 5,
      cases: [
        { name: "a \ufffd&&a", message: "\ufffd&&a &" },
        { name: "b", message: "& ]]" },
      ],
    });
  }
});

test("200 000 cases are read", async () => {
  const { cases } = await read(suite(testcase("a").repeat(200_000)));

  expect(cases).toHaveLength(200_000);
});

test("reading stops when the signal is aborted", async () => {
  const abort = new AbortController();
  const reading = readJunit("junit.xml", Buffer.from(suite(testcase("a").repeat(200_000))), abort);

  abort.abort(new Error("enough"));

  await expect(reading).rejects.toThrow("enough");
});
