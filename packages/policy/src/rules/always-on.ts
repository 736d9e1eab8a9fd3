import { classifyTag, hasDigest, isDigest, isTag } from "@floe/core/model";
import { z } from "zod";
import { MANIFEST_KINDS } from "../read-manifest.ts";
import { type BuiltinRule, defineRule, type Violation } from "./rule.ts";

const none = z.strictObject({});

const pinned = defineRule({
  name: "artifact_pinned",
  code: "FLOE-E101",
  summary: "The artifact is named by digest, and that digest is the one of the manifest's bytes.",
  settings: none,
  judge({ artifact }) {
    const { digest, reference, manifest, size, version } = artifact;
    if (!isDigest(digest) || !reference.endsWith(`@${digest}`)) {
      return [
        {
          message: `${reference} is not pinned to the digest ${digest}`,
          subject: reference,
          measured: digest,
          fix: "Promote the version again; if it repeats, the registry answers with another digest than it is asked for.",
        },
      ];
    }
    if (manifest.length === size && hasDigest(manifest, digest)) return [];
    return [
      {
        message: `the manifest under ${version} does not have the digest ${digest}`,
        subject: reference,
        measured: `${manifest.length} bytes`,
        limit: `${size} bytes`,
        fix: "Do not promote: the registry serves other bytes than those of the digest. Check the registry and any proxy before it.",
      },
    ];
  },
});

const mediaType = defineRule({
  name: "manifest_media_type",
  code: "FLOE-E102",
  summary: "The artifact is an OCI or Docker manifest or index, and its bytes say so too.",
  settings: none,
  judge({ artifact, manifest }) {
    const limit = [...MANIFEST_KINDS.keys()].join(", ");
    const fix =
      "Push the artifact again with a current tool (docker buildx, crane, oras), which writes OCI manifests.";
    if (!MANIFEST_KINDS.has(artifact.mediaType)) {
      const message = `${artifact.mediaType || "an empty media type"} is not a manifest that floe promotes`;
      return [{ message, subject: artifact.reference, measured: artifact.mediaType, limit, fix }];
    }
    const own = manifest.ok ? manifest.value.mediaType : undefined;
    if (own === undefined || own === artifact.mediaType) return [];
    // image-spec, `manifest.md`: the field must match the media type under which the manifest is served.
    return [
      {
        message: `the registry serves the manifest as ${artifact.mediaType}, but it says ${own} itself`,
        subject: artifact.reference,
        measured: own,
        limit: artifact.mediaType,
        fix,
      },
    ];
  },
});

const unambiguous = defineRule({
  name: "manifest_unambiguous",
  code: "FLOE-E103",
  summary: "The manifest is well formed and cannot be read as an image and as an index.",
  settings: none,
  judge({ artifact, manifest }) {
    // An unknown media type is manifest_media_type's finding; one cause, one violation.
    if (manifest.ok || !MANIFEST_KINDS.has(artifact.mediaType)) return [];
    return [
      {
        message: `the manifest is not valid or not unambiguous: ${manifest.problem}`,
        subject: artifact.reference,
        fix: "Build and push the artifact again. A manifest that two readers take for two things may be an attack (CVE-2021-41190).",
      },
    ];
  },
});

const versionGrammar = defineRule({
  name: "version_grammar",
  code: "FLOE-E104",
  summary: "The version is a legal tag and not the name of a promotion's or of floe's own tag.",
  settings: none,
  judge({ artifact, environments, versionPattern }): Violation[] {
    const { version } = artifact;
    const violation = (message: string): Violation[] => [
      {
        message,
        subject: version,
        fix: "Publish the artifact under a version such as v1.2.3 or 1.2.3-rc.1.",
      },
    ];
    if (!isTag(version)) {
      return violation(`${JSON.stringify(version.slice(0, 140))} is not a legal OCI tag`);
    }
    const { kind } = classifyTag(version, {
      environments,
      ...(versionPattern && { versionPattern }),
    });
    // `other` is a version of a scheme that this gate was not told; promote itself checks the configured pattern.
    if (kind === "version" || kind === "other") return [];
    return violation(`${version} is not a version: it reads as a tag of kind ${kind}`);
  },
});

/** The rules that judge every artifact and that no configuration switches off. */
export const ALWAYS_ON: readonly BuiltinRule[] = [pinned, mediaType, unambiguous, versionGrammar];
