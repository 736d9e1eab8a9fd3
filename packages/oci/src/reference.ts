import { FloeError } from "@floe/core/errors";
import { type Digest, isDigest, isTag } from "@floe/core/model";

/** What a user named: an artifact somewhere, or a tag or digest in the repository that the manifest configures. */
export type Reference =
  | {
      readonly kind: "registry";
      /** `host` or `host:port`, lower case. */
      readonly host: string;
      readonly repository: string;
      readonly tag: string | null;
      readonly digest: Digest | null;
    }
  | {
      readonly kind: "layout";
      /** As written, relative or absolute. */
      readonly path: string;
      readonly tag: string | null;
      readonly digest: Digest | null;
    }
  | {
      readonly kind: "archive";
      /** A tar file of an image layout, as written. */
      readonly path: string;
      readonly tag: string | null;
      readonly digest: Digest | null;
    }
  | { readonly kind: "tag"; readonly tag: string }
  | { readonly kind: "digest"; readonly digest: Digest };

const LAYOUT = "oci-layout:";
const ARCHIVE = "oci-archive:";
const SCHEME = "oci://";
/** Host and repository together, as registries limit them. */
const MAX_NAME_LENGTH = 255;
const HOST =
  /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\])(?::(\d{1,5}))?$/;
/** Distribution-spec, "Pulling manifests". */
const REPOSITORY =
  /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)*$/;

const HINT =
  "A reference is [oci://]host[:port]/repo[:tag][@digest], oci-layout:PATH[:tag|@digest], oci-archive:PATH[:tag|@digest], or a bare tag or digest.";

/**
 * Parses an artifact reference. No host is ever assumed: `acme/app` is refused, since its first part is no host.
 * @throws {FloeError} FLOE_REFERENCE_INVALID - none of the forms, or it carries credentials
 */
export function parseReference(text: string): Reference {
  if (text.startsWith(LAYOUT)) return parsePath(text, LAYOUT, "layout");
  if (text.startsWith(ARCHIVE)) return parsePath(text, ARCHIVE, "archive");
  if (isDigest(text)) return { kind: "digest", digest: text };
  if (text.startsWith(SCHEME) || text.includes("/")) return parseRegistry(text);
  if (isTag(text)) return { kind: "tag", tag: text };
  throw invalid(text, "is neither a tag nor a digest and names no repository");
}

/** Writes a reference in the form that {@link parseReference} reads. */
export function formatReference(reference: Reference): string {
  switch (reference.kind) {
    case "tag":
      return reference.tag;
    case "digest":
      return reference.digest;
    case "registry":
      return `${SCHEME}${reference.host}/${reference.repository}${formatVersion(reference)}`;
    case "layout":
      return `${LAYOUT}${reference.path}${formatVersion(reference)}`;
    case "archive":
      return `${ARCHIVE}${reference.path}${formatVersion(reference)}`;
  }
}

function formatVersion({ tag, digest }: { tag: string | null; digest: string | null }): string {
  return `${tag === null ? "" : `:${tag}`}${digest === null ? "" : `@${digest}`}`;
}

function parseRegistry(text: string): Reference {
  const explicit = text.startsWith(SCHEME);
  const rest = explicit ? text.slice(SCHEME.length) : text;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(rest)) throw invalid(text, "has another scheme than oci://");
  const slash = rest.indexOf("/");
  if (slash < 0) throw invalid(text, "names no repository");
  const host = rest.slice(0, slash).toLowerCase();
  if (host.includes("@")) {
    throw new FloeError({
      code: "FLOE_REFERENCE_INVALID",
      message: "a reference must not carry a user name or password",
      hint: "Configure credentials in the manifest or with docker login; do not write them into references.",
    });
  }
  const port = HOST.exec(host);
  if (port === null || Number(port[1] ?? 1) < 1 || Number(port[1] ?? 1) > 65_535) {
    throw invalid(text, "has no valid registry host");
  }
  // The rule of docker: without a dot, a port or a scheme, the first part may as well be a folder.
  if (!explicit && host !== "localhost" && !/[.:]/.test(host)) {
    throw invalid(text, "does not start with a registry host");
  }
  const { name, digest } = splitDigest(text, rest.slice(slash + 1));
  const colon = name.indexOf(":");
  const repository = colon < 0 ? name : name.slice(0, colon);
  const tag = colon < 0 ? null : name.slice(colon + 1);
  if (host.length + repository.length > MAX_NAME_LENGTH) throw invalid(text, "is too long");
  if (!REPOSITORY.test(repository) || /[\r\n]/.test(repository)) {
    throw invalid(text, "has no valid repository name");
  }
  if (tag !== null && !isTag(tag)) throw invalid(text, "has no valid tag");
  return { kind: "registry", host, repository, tag, digest };
}

function parsePath(text: string, scheme: string, kind: "layout" | "archive"): Reference {
  const { name, digest } = splitDigest(text, text.slice(scheme.length));
  const colon = name.lastIndexOf(":");
  // A colon before a slash belongs to the path, as in C:\registry.
  const hasTag = colon >= 0 && !/[/\\]/.test(name.slice(colon));
  const path = hasTag ? name.slice(0, colon) : name;
  const tag = hasTag ? name.slice(colon + 1) : null;
  if (path === "" || path.includes("\0"))
    throw invalid(text, kind === "layout" ? "names no folder" : "names no file");
  if (tag !== null && !isTag(tag)) throw invalid(text, "has no valid tag");
  if (tag !== null && digest !== null) throw invalid(text, "has both a tag and a digest");
  return { kind, path, tag, digest };
}

function splitDigest(text: string, rest: string): { name: string; digest: Digest | null } {
  const at = rest.lastIndexOf("@");
  if (at < 0) return { name: rest, digest: null };
  const digest = rest.slice(at + 1);
  // A folder's name may hold an @.
  const isPath = text.startsWith(LAYOUT) || text.startsWith(ARCHIVE);
  if (isPath && !/^[a-z0-9]+:/i.test(digest)) return { name: rest, digest: null };
  if (!isDigest(digest)) throw invalid(text, "has no valid digest after its @");
  return { name: rest.slice(0, at), digest };
}

function invalid(text: string, reason: string): FloeError {
  // What stands before an @ may be a password that was put at the wrong place.
  const shown = text.replace(/\/\/[^/@]*@/g, "//***@").slice(0, 200);
  return new FloeError({
    code: "FLOE_REFERENCE_INVALID",
    message: `${JSON.stringify(shown)} ${reason}`,
    hint: HINT,
  });
}
