import { type Descriptor, shortDigest } from "@floe/core/model";
import type { RebuildReport } from "@floe/oci";
import type { ReferrerNode } from "../list-referrers.ts";
import { formatBytes } from "./bytes.ts";
import { paint, plain } from "./paint.ts";
import { table } from "./table.ts";

const PREDICATE = "dev.sigstore.bundle.predicateType";

/** Says what an attached manifest is: the predicate that a signed statement is about, else its artifact type. */
export function referrerType({ artifactType, annotations }: Descriptor): string {
  return annotations?.[PREDICATE] ?? artifactType ?? "unknown";
}

/** What attached manifests are printed as with `-o json`. */
export function referrersJson(nodes: readonly ReferrerNode[]): object[] {
  return nodes.map(({ subject, descriptor, referrers }) => ({
    digest: descriptor.digest,
    media_type: descriptor.mediaType,
    artifact_type: descriptor.artifactType ?? null,
    size: descriptor.size,
    subject,
    annotations: descriptor.annotations ?? {},
    referrers: referrersJson(referrers),
  }));
}

/** A table of what is attached, or a tree where some of it has something attached again. */
export function referrersText(digest: string, nodes: readonly ReferrerNode[]): string {
  if (nodes.length === 0) return "Nothing is attached.";
  if (nodes.some(({ referrers }) => referrers.length > 0)) {
    return [digest, ...nodes.flatMap((node, at) => branch(node, at === nodes.length - 1, ""))].join(
      "\n",
    );
  }
  return table(
    ["DIGEST", "TYPE", "SIZE", "WHAT"],
    nodes.map(({ descriptor }) => [
      descriptor.digest,
      referrerType(descriptor),
      formatBytes(descriptor.size),
      summary(descriptor),
    ]),
  );
}

function branch(node: ReferrerNode, last: boolean, indent: string): string[] {
  const { descriptor, referrers } = node;
  const text = plain(`${referrerType(descriptor)}  ${summary(descriptor)}`).replace(
    /\s*\n\s*/g,
    " ",
  );
  const head = `${indent}${last ? "└── " : "├── "}${descriptor.digest}  ${paint("cyan", text.trimEnd())}`;
  const deeper = `${indent}${last ? "    " : "│   "}`;
  return [
    head,
    ...referrers.flatMap((child, at) => branch(child, at === referrers.length - 1, deeper)),
  ];
}

/** What floe's records say of themselves, and the time of others. */
function summary({ annotations = {} }: Descriptor): string {
  const own = Object.entries(annotations).flatMap(([key, value]) => {
    const name = /^dev\.floe\.(?:promotion|rollback|event)\.(.+)$/.exec(key)?.[1];
    return name === undefined || name === "id" ? [] : [`${name}=${value}`];
  });
  if (own.length > 0) return own.join(" ");
  return annotations["org.opencontainers.image.created"] ?? "";
}

/** What a rebuild is printed as with `-o json`. */
export function rebuildJson(repository: string, report: RebuildReport) {
  const { subjects, added, dropped, kept, unreadable } = report;
  return { success: true, repository, subjects, added, dropped, kept, unreadable };
}

/** What a rebuild did, to people. */
export function rebuildText({ subjects, added, dropped, kept, unreadable }: RebuildReport): string {
  const link = (what: string, { digest, subject }: { digest: string; subject: string }): string =>
    `${what}  ${digest}  of ${shortDigest(subject)}`;
  return [
    ...added.map((one) => link("added  ", one)),
    ...dropped.map((one) => link("dropped", one)),
    ...unreadable.map(({ reference, code }) => `unreadable  ${plain(reference)}  ${code}`),
    `${added.length} added, ${dropped.length} dropped, ${kept} kept, of ${subjects} artifact${subjects === 1 ? "" : "s"}`,
  ].join("\n");
}
