import { digestHex } from "../../model/digest.ts";
import type { GateToKeep } from "./write-evidence.ts";

/** At most so many names of tests stand in a statement. */
const MAX_NAMES = 1000;

/** The predicate of https://in-toto.io/attestation/test-result/v0.1. */
interface TestResult {
  readonly result: "PASSED" | "WARNED" | "FAILED";
  /** What the result rests on: the reports, by the digests that floe's own statement has as well. */
  readonly configuration: readonly {
    readonly name: string;
    readonly digest: Readonly<Record<string, string>>;
  }[];
  readonly failedTests?: readonly string[];
}

/** What a gate for tests found, in the words of in-toto; `null`: it is another kind of gate, or it has no verdict. */
export function testResultOf({ result, material }: GateToKeep): TestResult | null {
  if (result.kind !== "tests") return null;
  const word = { passed: "PASSED", warning: "WARNED", failed: "FAILED" } as const;
  if (!Object.hasOwn(word, result.status)) return null;
  const failed = result.reasons.flatMap(({ level, subject, exempted_by }) =>
    (level === "fail" || exempted_by !== undefined) && subject !== undefined ? [subject] : [],
  );
  // Others read what the tests say, and know nothing of an exemption nor of its end.
  const exempted = result.reasons.some(({ exempted_by }) => exempted_by !== undefined);
  return {
    result: exempted ? "FAILED" : word[result.status as keyof typeof word],
    configuration: material.reports.map(({ path, digest }) => ({
      name: path,
      digest: { sha256: digestHex(digest) },
    })),
    ...(failed.length > 0 ? { failedTests: failed.slice(0, MAX_NAMES) } : {}),
  };
}
