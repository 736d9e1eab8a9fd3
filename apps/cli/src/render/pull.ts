import type { RawManifest } from "@floe/core";
import type { PulledFile } from "../pull-files.ts";
import { plain } from "./paint.ts";

/** What a pull is printed as with `-o json`. */
export function pullJson(
  { descriptor }: RawManifest,
  named: RawManifest,
  files: readonly PulledFile[],
) {
  const { digest } = descriptor;
  const index = named.descriptor.digest === digest ? null : named.descriptor.digest;
  return { success: true, digest, index, files };
}

/** The digest, and what was written. */
export function pullText({ descriptor }: RawManifest, files: readonly PulledFile[]): string {
  const lines = files.map(({ path, digest, unpacked }) => {
    const folder = unpacked === null ? "" : `/  ${unpacked} file${unpacked === 1 ? "" : "s"}`;
    return `  ${plain(path)}${folder}  ${digest}`;
  });
  return [descriptor.digest, ...lines].join("\n");
}
