import type { AttachedSbom, SbomDescription } from "@floe/signing";
import { plain } from "./paint.ts";
import { type Cell, table } from "./table.ts";

/** Says what an SBOM is, in a few words. */
export function sbomText({ format, version, name, components }: SbomDescription): string {
  const of = name === null ? "" : ` of ${plain(name)}`;
  return `${format} ${version}${of}, ${components} ${format === "SPDX" ? "package" : "component"}${components === 1 ? "" : "s"}`;
}

/** What attached SBOMs are printed as with `-o json`. */
export function sbomsJson(sboms: readonly AttachedSbom[]): object[] {
  return sboms.map(({ referrer, type, sbom, signature }) => ({
    digest: referrer.digest,
    type,
    format: sbom?.format ?? null,
    version: sbom?.version ?? null,
    name: sbom?.name ?? null,
    components: sbom?.components ?? null,
    signature: signature.status,
    signer: signature.status === "verified" ? signature.signer : null,
    reason: signature.status === "untrusted" ? signature.reason : null,
  }));
}

/** A table of what is attached and who signed it. */
export function sbomsText(sboms: readonly AttachedSbom[]): string {
  if (sboms.length === 0) return "No SBOM is attached.";
  return table(
    ["DIGEST", "SBOM", "SIGNED BY"],
    sboms.map(({ referrer, type, sbom, signature }) => [
      referrer.digest,
      sbom === null ? type : sbomText(sbom),
      signedBy(signature),
    ]),
  );
}

function signedBy(signature: AttachedSbom["signature"]): Cell {
  if (signature.status === "verified") return { text: signature.signer, style: "green" };
  return signature.status === "unsigned"
    ? { text: "nobody: it proves nothing", style: "yellow" }
    : { text: `nobody who is trusted here (${signature.reason})`, style: "red" };
}
