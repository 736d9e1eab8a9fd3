import { cleanText } from "@floe/gate-kit";
import type { JunitCase } from "./junit-report.ts";

/** The name under which people know a test: class and name, without saying anything twice. */
export function testName(one: JunitCase): string {
  const name = cleanText(one.name) || "(test without a name)";
  const group = cleanText(one.className) || cleanText(one.suites.at(-1) ?? "");
  return group === "" || name.startsWith(group) ? name : `${group} > ${name}`;
}

/** Where a test is: its source file if the report says, else the place in the report. */
export function testPlace(one: JunitCase): string {
  if (one.file !== "" && one.line !== "")
    return `${cleanText(one.file)}:${cleanText(one.line, 20)}`;
  if (one.file !== "") return cleanText(one.file);
  return `${cleanText(one.report)}:${one.reportLine}`;
}
