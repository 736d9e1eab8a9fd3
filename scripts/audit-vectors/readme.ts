import type { Vector } from "./tamperings.ts";

const QUESTIONS = ["integrity", "completeness", "anchoring", "authenticity"] as const;

/** The page that says what each vector is. */
export function readmeOf(vectors: readonly Vector[]): string {
  const rows = vectors.map(({ name, tampering, checkpoint, expect }) => {
    const cells = QUESTIONS.map((question) => {
      const { verdict, seq } = expect[question];
      if (verdict !== "failed") return verdict.replace("_", " ");
      return `**failed**${seq === null ? "" : ` at ${seq}`}`;
    });
    return `| [${name}](${name}.ndjson) | ${tampering} | ${checkpoint ? "yes" : "no"} | ${cells.join(" | ")} |\n`;
  });
  return `# Test vectors

Audit bundles ([format](../../../docs/reference/audit-bundle.md)) for whoever writes a verifier of their own: good ones, and ones that were tampered with. \`scripts/audit-vectors/make.ts\` has written
them: a ledger by floe itself, under keys that were made for it and thrown away; only the public halves are here. \`vectors.json\` is the same table for machines.

Each is to be verified with \`--key release.pub --key alice.pub\`, and with \`--checkpoint kept.checkpoint\` where the table says so. The number is that of the first bad event; none stands where the whole
ledger, or something besides events, is concerned. The program has to end with 0 for the good ones and with 18 for all others.

| vector | what was done | kept checkpoint | integrity | completeness | anchoring | authenticity |
|---|---|---|---|---|---|---|
${rows.join("")}`;
}
