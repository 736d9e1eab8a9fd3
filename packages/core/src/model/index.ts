export { type BundleManifest, bundleManifest } from "./bundle-manifest.ts";
export { canonicalJson, parseCanonicalJson } from "./canonical-json.ts";
export {
  type Descriptor,
  EMPTY_BLOB,
  EMPTY_DESCRIPTOR,
  MEDIA_TYPES,
  type RawManifest,
} from "./descriptor.ts";
export {
  type Digest,
  digestHex,
  digestOf,
  hasDigest,
  isDigest,
  parseDigest,
  shortDigest,
} from "./digest.ts";
export { matchesSubjectPattern } from "./subject-pattern.ts";
export { loadSubjectRegex, type SubjectRegexMatcher } from "./subject-regex.ts";
export {
  classifyTag,
  environmentTag,
  evidenceTag,
  genesisTag,
  isEnvironmentName,
  isInternalTag,
  isMutableTag,
  isTag,
  isVersion,
  latestTag,
  NO_SOURCE,
  parseVersion,
  recordTag,
  rollbackTag,
  summaryTag,
  type TagKind,
  type TagRules,
} from "./tag.ts";
export { parseTimestamp } from "./timestamp.ts";
export { uuidV7 } from "./uuid.ts";
export { momentText } from "./wall-time.ts";
