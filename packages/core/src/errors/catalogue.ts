/**
 * Process exit codes, one table for every command. Written down for users in `docs/reference/exit-codes.md`.
 */
export const EXIT = {
  ok: 0,
  bug: 1,
  usage: 2,
  notFound: 3,
  immutable: 4,
  unavailable: 5,
  signature: 6,
  busy: 7,
  gate: 8,
  transition: 9,
  tagExists: 10,
  notPromoted: 11,
  notAuthorized: 12,
  held: 13,
  authentication: 14,
  auditStore: 15,
  approval: 16,
  outcomeMissing: 17,
  integrity: 18,
  secondaries: 19,
  outOfDate: 20,
  interrupted: 130,
} as const;

/** One of the exit codes of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

interface CatalogueEntry {
  readonly exit: ExitCode;
  /** What the code means, for the reference. The message of a single error adds the offending value. */
  readonly summary: string;
}

/**
 * Every error code that floe gives, with its exit code. A test holds this table equal to
 * `docs/reference/errors.md`; codes are never renamed.
 */
export const ERRORS = {
  // Usage and configuration
  FLOE_USAGE_INVALID: {
    exit: EXIT.usage,
    summary: "A flag or argument is missing or has a value that floe cannot use.",
  },
  FLOE_MANIFEST_NOT_FOUND: {
    exit: EXIT.usage,
    summary: "No manifest at the given path, nor upwards from the working folder.",
  },
  FLOE_MANIFEST_INVALID: {
    exit: EXIT.usage,
    summary:
      "The manifest has one or more errors; all of them are listed with file, line and column.",
  },
  FLOE_PLAN_INVALID: {
    exit: EXIT.usage,
    summary: "The file given with --plan is not a saved plan, or was changed by hand.",
  },
  FLOE_AUDIT_BUNDLE_INVALID: {
    exit: EXIT.usage,
    summary:
      "A file is not an audit bundle that floe reads: it is something else, was cut off, or is too large.",
  },
  FLOE_PLAN_OUTDATED: {
    exit: EXIT.outOfDate,
    summary: "What a saved plan rests on has changed since it was made.",
  },
  FLOE_SPEC_NOT_FOUND: {
    exit: EXIT.usage,
    summary: "No spec (floe.yaml) at the given path.",
  },
  FLOE_SPEC_INVALID: {
    exit: EXIT.usage,
    summary: "The spec has one or more errors; all of them are listed with file, line and column.",
  },
  FLOE_COMPILED_INVALID: {
    exit: EXIT.usage,
    summary:
      "A file or layer that should be a compiled artifact is not one, or is of a newer format.",
  },
  FLOE_MANIFEST_REQUIREMENT_UNSUPPORTED: {
    exit: EXIT.usage,
    summary:
      "The manifest requires a check that this version of floe cannot judge; floe refuses rather than skip it.",
  },
  FLOE_TAG_INVALID: { exit: EXIT.usage, summary: "A version or tag is outside the grammar." },
  FLOE_REFERENCE_INVALID: { exit: EXIT.usage, summary: "An artifact reference cannot be parsed." },
  FLOE_DIGEST_INVALID: {
    exit: EXIT.usage,
    summary: "A digest is not `sha256:` or `sha512:` with lower-case hex of the right length.",
  },
  FLOE_SECRET_UNREADABLE: {
    exit: EXIT.usage,
    summary: "A `*_ref` names a file or environment variable that cannot be read.",
  },
  FLOE_FILE_CHANGED: {
    exit: EXIT.usage,
    summary: "A file changed or vanished while floe was reading it.",
  },
  FLOE_INIT_EXISTS: {
    exit: EXIT.usage,
    summary: "`floe init` would overwrite a file that already exists.",
  },
  FLOE_PREDICATE_INVALID: {
    exit: EXIT.usage,
    summary:
      "A document cannot be attested: it is too large, not JSON, or not what its predicate type says.",
  },
  FLOE_PREDICATE_TYPE_RESERVED: {
    exit: EXIT.usage,
    summary: "Statements of a predicate type are made by another command, never by hand.",
  },
  FLOE_SBOM_GENERATOR_MISSING: {
    exit: EXIT.usage,
    summary: "No SBOM was given, and there is no program that makes one.",
  },
  FLOE_SBOM_GENERATOR_FAILED: {
    exit: EXIT.usage,
    summary: "The program that makes SBOMs failed, took too long, or made something else.",
  },
  FLOE_OUTPUT_FAILED: {
    exit: EXIT.usage,
    summary:
      "A folder or file that the result should go to, or standard output, cannot be written.",
  },
  // Plugins
  FLOE_PLUGIN_NOT_FOUND: {
    exit: EXIT.usage,
    summary: "A plugin that was named is not installed, or there is no such package.",
  },
  FLOE_PLUGIN_INSTALL_FAILED: {
    exit: EXIT.unavailable,
    summary: "npm could not install a plugin.",
  },
  FLOE_PLUGIN_API_UNSUPPORTED: {
    exit: EXIT.usage,
    summary: "A plugin was written for another version of the plugin contract.",
  },
  FLOE_PLUGIN_DESCRIPTOR_INVALID: {
    exit: EXIT.usage,
    summary: "The `floe` field of a plugin's package.json is not valid.",
  },
  FLOE_PLUGIN_DESCRIPTOR_MISMATCH: {
    exit: EXIT.usage,
    summary: "What a plugin exports is not what its package.json declares.",
  },
  FLOE_PLUGIN_DUPLICATE_ID: {
    exit: EXIT.usage,
    summary: "Two plugins provide the same gate or audit backend.",
  },
  FLOE_PLUGIN_RESERVED_ID: {
    exit: EXIT.usage,
    summary: "A plugin provides an id that belongs to floe itself.",
  },
  FLOE_PLUGIN_LOAD_FAILED: {
    exit: EXIT.usage,
    summary: "A plugin's module could not be imported, or has no valid default export.",
  },
  FLOE_PLUGIN_NOT_ALLOWED: {
    exit: EXIT.usage,
    summary: "A plugin is not on the manifest's `plugins.allow` list.",
  },
  // Registry and store
  FLOE_ARTIFACT_NOT_FOUND: {
    exit: EXIT.notFound,
    summary: "No artifact with that tag or digest in the registry.",
  },
  FLOE_ENVIRONMENT_NOT_FOUND: {
    exit: EXIT.notFound,
    summary: "The manifest has no environment of that name.",
  },
  FLOE_REGISTRY_UNAVAILABLE: {
    exit: EXIT.unavailable,
    summary: "The registry could not be reached or answered with a server error.",
  },
  FLOE_REGISTRY_RESPONSE_INVALID: {
    exit: EXIT.unavailable,
    summary:
      "The registry answered with something that the distribution specification does not allow.",
  },
  FLOE_REGISTRY_REFUSED: {
    exit: EXIT.unavailable,
    summary: "The registry refused a request; the message has its own words.",
  },
  FLOE_REGISTRY_UNSUPPORTED: {
    exit: EXIT.unavailable,
    summary: "The registry does not offer what was asked for, such as deleting a manifest.",
  },
  FLOE_REGISTRY_LIMIT_EXCEEDED: {
    exit: EXIT.unavailable,
    summary: "A manifest, list or body from the registry is larger than floe accepts.",
  },
  FLOE_REGISTRY_UNAUTHORIZED: {
    exit: EXIT.authentication,
    summary:
      "The registry did not accept the credentials, or wants some where none are configured.",
  },
  FLOE_REGISTRY_LOGIN_FAILED: {
    exit: EXIT.authentication,
    summary:
      "Credentials of a registry could not be had from the file, helper or cloud that should give them.",
  },
  FLOE_REGISTRY_DENIED: {
    exit: EXIT.authentication,
    summary: "The registry knows who asks and does not allow the action.",
  },
  FLOE_STORE_INVALID: {
    exit: EXIT.usage,
    summary: "A folder is not an OCI image layout that floe can use.",
  },
  FLOE_STORE_BUSY: {
    exit: EXIT.busy,
    summary: "Another process holds the registry folder's lock for too long.",
  },
  FLOE_STORE_IO: {
    exit: EXIT.unavailable,
    summary: "The registry folder could not be read or written.",
  },
  FLOE_DIGEST_MISMATCH: {
    exit: EXIT.integrity,
    summary: "Bytes do not have the digest or size under which they were asked for.",
  },
  FLOE_TAG_IMMUTABLE: {
    exit: EXIT.immutable,
    summary: "An immutable tag already holds another digest; floe never moves it.",
  },
  FLOE_TAG_RESERVED: {
    exit: EXIT.immutable,
    summary:
      "The tag belongs to promotions or to floe's own data and cannot be written by an artifact command.",
  },
  FLOE_TAG_MOVED: {
    exit: EXIT.integrity,
    summary: "A mutable tag changed under a running promotion: somebody moved it outside floe.",
  },
  FLOE_VERSION_DIGEST_MISMATCH: {
    exit: EXIT.tagExists,
    summary: "VERSION@DIGEST was given and the tag holds another digest.",
  },
  // Promotion
  FLOE_TRANSITION_INVALID: {
    exit: EXIT.transition,
    summary: "The transition is not on the path: skipped, backwards or unknown environment.",
  },
  FLOE_SOURCE_NOT_PROMOTED: {
    exit: EXIT.notPromoted,
    summary:
      "The version is not in the source environment, or its record there is missing or not valid.",
  },
  FLOE_TARGET_TAG_EXISTS: {
    exit: EXIT.tagExists,
    summary:
      "The version is already in the target environment, or the environment tag holds another digest.",
  },
  FLOE_ENVIRONMENT_LOCKED: { exit: EXIT.held, summary: "The environment is locked." },
  FLOE_ENVIRONMENT_FROZEN: {
    exit: EXIT.held,
    summary: "A freeze window of the environment is closed, and does not let this through.",
  },
  FLOE_SOAK_PENDING: {
    exit: EXIT.held,
    summary: "The digest was not in an earlier environment for as long as it has to be.",
  },
  FLOE_VERSION_HELD: {
    exit: EXIT.held,
    summary: "The version was rolled back from in this environment and is held there.",
  },
  FLOE_DIGEST_QUARANTINED: {
    exit: EXIT.held,
    summary: "The digest is quarantined in this environment.",
  },
  FLOE_ADOPTION_INVALID: {
    exit: EXIT.notPromoted,
    summary: "The environment runs another digest than the one that should be adopted.",
  },
  FLOE_ROLLBACK_TARGET_INVALID: {
    exit: EXIT.notPromoted,
    summary:
      "The version to return to was never in this environment, is held there, or there is no previous version.",
  },
  FLOE_ROLLBACK_IMPACT_BLOCKED: {
    exit: EXIT.gate,
    summary:
      "The impact analysis of a rollback says BLOCKED, and the manifest has `rollback.block_on_impact`.",
  },
  FLOE_NOT_AUTHORIZED: {
    exit: EXIT.notAuthorized,
    summary: "The proven identity may not do this here, or no identity could be proven.",
  },
  FLOE_OVERRIDE_NOT_ALLOWED: {
    exit: EXIT.notAuthorized,
    summary: "The proven identity may not override this kind of refusal here.",
  },
  FLOE_SEPARATION_OF_DUTIES: {
    exit: EXIT.notAuthorized,
    summary:
      "Whoever brought the version into the environment before may not bring it into this one as well.",
  },
  FLOE_SEPARATION_UNJUDGED: {
    exit: EXIT.notAuthorized,
    summary:
      "Who brought the version into the environment before cannot be told, and duties have to be separate.",
  },
  FLOE_POLICY_NOT_ACCEPTED: {
    exit: EXIT.notAuthorized,
    summary:
      "The environment is pinned to another policy or authority than this manifest's, and nobody has accepted the change.",
  },
  FLOE_APPROVAL_REQUIRED: {
    exit: EXIT.approval,
    summary: "Not enough people have approved the version for the environment.",
  },
  FLOE_APPROVAL_DENIED: {
    exit: EXIT.approval,
    summary: "Somebody whose approval counts has denied the version for the environment.",
  },
  FLOE_SIGNATURE_REQUIRED: {
    exit: EXIT.signature,
    summary: "The artifact has no signature that the environment's policy accepts.",
  },
  FLOE_SIGNATURE_UNJUDGED: {
    exit: EXIT.signature,
    summary:
      "The signature policy could not be judged (registry trouble, unreadable key or a requirement that this version does not support).",
  },
  FLOE_SIGNATURE_INVALID: {
    exit: EXIT.signature,
    summary: "Signed bytes do not verify with the keys that are trusted for them.",
  },
  FLOE_IDENTITY_TOKEN_INVALID: {
    exit: EXIT.notAuthorized,
    summary:
      "An OIDC token for keyless signing cannot be had, is expired or malformed, or is of somebody else than the run began as.",
  },
  FLOE_SIGNING_SERVICE_FAILED: {
    exit: EXIT.unavailable,
    summary:
      "A service of keyless signing (certificate authority, log, timestamp authority) cannot be reached, refuses, or gives something else than asked.",
  },
  FLOE_KMS_PLUGIN_FAILED: {
    exit: EXIT.unavailable,
    summary:
      "A key that a KMS plugin holds cannot be used: the plugin is missing, reports an error, or does not answer in time.",
  },
  FLOE_TRUST_ROOT_UNAVAILABLE: {
    exit: EXIT.unavailable,
    summary:
      "The trusted root of keyless signatures cannot be had, so that nothing signed with a certificate can be judged.",
  },
  FLOE_KEY_INVALID: {
    exit: EXIT.usage,
    summary:
      "A key cannot be read or is of a kind that cosign cannot use (ECDSA P-256 and RSA >= 2048 can).",
  },
  FLOE_KEY_PASSWORD_WRONG: {
    exit: EXIT.usage,
    summary: "The private key is encrypted and the password does not open it.",
  },
  FLOE_SIGNER_MISSING: {
    exit: EXIT.notAuthorized,
    summary: "A write needs a signer and none is configured.",
  },
  FLOE_GATE_FAILED: {
    exit: EXIT.gate,
    summary: "A required gate judged the artifact and refused it.",
  },
  FLOE_GATE_ERROR: {
    exit: EXIT.gate,
    summary: "A required gate could not judge the artifact; that blocks.",
  },
  FLOE_GATE_SKIPPED: { exit: EXIT.gate, summary: "A required gate was skipped; that blocks." },
  FLOE_GATE_COMMAND_MISSING: {
    exit: EXIT.gate,
    summary: "A required gate has neither a command nor a plugin.",
  },
  FLOE_GATE_REPORT_UNREADABLE: {
    exit: EXIT.gate,
    summary: "A report of a gate's command is larger than floe accepts or cannot be read.",
  },
  FLOE_GATE_WORKSPACE_FAILED: {
    exit: EXIT.gate,
    summary: "The temporary folder of a gate could not be made or removed.",
  },
  FLOE_GATE_VERDICT_DIFFERS: {
    exit: EXIT.gate,
    summary:
      "Judged again from its stored report, a gate comes to another verdict than the record.",
  },
  FLOE_GATE_EVIDENCE_INVALID: {
    exit: EXIT.integrity,
    summary: "Evidence that a signed record names is gone, or is not what it should be.",
  },
  FLOE_GATE_NOT_FOUND: {
    exit: EXIT.notFound,
    summary: "The environment has no gate of that name.",
  },
  FLOE_PROMOTION_BUSY: {
    exit: EXIT.busy,
    summary: "Another promotion holds the environment's ledger.",
  },
  // Ledger
  FLOE_LEDGER_UNAVAILABLE: {
    exit: EXIT.auditStore,
    summary: "The ledger cannot accept an event; nothing was changed.",
  },
  FLOE_LEDGER_UNAUTHENTICATED: {
    exit: EXIT.authentication,
    summary: "The store of the ledger does not know who asks.",
  },
  FLOE_LEDGER_OUTCOME_MISSING: {
    exit: EXIT.outcomeMissing,
    summary: "The change was made, but its outcome is not in the ledger yet.",
  },
  FLOE_LEDGER_MISSING: {
    exit: EXIT.integrity,
    summary: "Environment tags exist, but their ledger does not.",
  },
  FLOE_SYNC_INCOMPLETE: {
    exit: EXIT.secondaries,
    summary: "A secondary registry does not hold what an environment runs.",
  },
  FLOE_LEDGER_ELSEWHERE: {
    exit: EXIT.integrity,
    summary:
      "The manifest names another project, ledger backend or place than the environment's genesis.",
  },
  FLOE_LEDGER_PAST_UNNAMED: {
    exit: EXIT.usage,
    summary:
      "Events are in a place that a ledger was moved from, which the manifest does not name.",
  },
  FLOE_LEDGER_PRUNED: {
    exit: EXIT.usage,
    summary: "Events that are asked for were pruned; an archive has them.",
  },
  FLOE_LEDGER_PRUNE_REFUSED: {
    exit: EXIT.usage,
    summary: "A ledger is not pruned: the manifest, a checkpoint or the archive does not allow it.",
  },
  FLOE_LEDGER_EVENT_INVALID: {
    exit: EXIT.integrity,
    summary: "A ledger event is malformed, out of its chain, or not signed by who it says.",
  },
  FLOE_LEDGER_EVENT_UNKNOWN: {
    exit: EXIT.integrity,
    summary: "A ledger event is of a kind that only a newer floe knows.",
  },
  FLOE_LEDGER_EVENT_UNAUTHORIZED: {
    exit: EXIT.integrity,
    summary: "A ledger event is by somebody who may not change the environment; it has no effect.",
  },
  FLOE_LEDGER_UNSETTLED: {
    exit: EXIT.integrity,
    summary: "Whether the newest events of a ledger count cannot be judged by today's manifest.",
  },
  FLOE_LEDGER_EVENT_NOT_FOUND: {
    exit: EXIT.notFound,
    summary: "The ledger has no such event.",
  },
  FLOE_LEDGER_TAMPERED: {
    exit: EXIT.integrity,
    summary: "A ledger is not what was written: something was changed, is missing, or was put in.",
  },
  FLOE_CHECKPOINT_INVALID: {
    exit: EXIT.integrity,
    summary:
      "A checkpoint is none, was changed or removed, is by nobody who is trusted, or is not of this ledger.",
  },
  FLOE_ANCHOR_UNAVAILABLE: {
    exit: EXIT.auditStore,
    summary:
      "A place that keeps checkpoints cannot be read or written; what the others keep is not lost.",
  },
  FLOE_ANCHOR_UNAUTHENTICATED: {
    exit: EXIT.authentication,
    summary: "A place that keeps checkpoints does not know who asks.",
  },
  FLOE_LEDGER_DRIFT: {
    exit: EXIT.integrity,
    summary: "A tag does not hold what the ledger says it holds.",
  },
  FLOE_RECORD_INVALID: {
    exit: EXIT.integrity,
    summary: "A promotion record is missing, malformed, or does not match its intent.",
  },
  // Verification
  FLOE_VERIFY_UNTRUSTED: {
    exit: EXIT.signature,
    summary: "What an environment holds is not there by a complete chain of valid records.",
  },
  FLOE_VERIFY_UNJUDGED: {
    exit: EXIT.signature,
    summary: "Something that trust rests on could not be checked; not checked is never ok.",
  },
  FLOE_VERIFY_POLICY_OUTDATED: {
    exit: EXIT.signature,
    summary:
      "It was promoted by another policy than today's, and `--require-current-policy` was given.",
  },
  FLOE_VERIFY_NOTHING: {
    exit: EXIT.notPromoted,
    summary: "Nothing was promoted to the environment, or not what was asked for.",
  },
  // Deployment
  FLOE_DEPLOY_FILE_INVALID: {
    exit: EXIT.usage,
    summary: "A file to pin is no YAML, or cannot be written at the place that matters.",
  },
  FLOE_DEPLOY_PLACE_UNCLEAR: {
    exit: EXIT.usage,
    summary:
      "No place in the files is about what is deployed, several are, or another tool or environment owns it.",
  },
  FLOE_DEPLOY_PATH_REFUSED: {
    exit: EXIT.usage,
    summary: "A path to deploy to is of the wrong kind, or leads outside itself through a link.",
  },
  FLOE_DEPLOY_NOTHING: {
    exit: EXIT.notPromoted,
    summary: "The environment holds nothing that could be deployed.",
  },
  FLOE_DEPLOY_OUTDATED: {
    exit: EXIT.outOfDate,
    summary: "A deployed file no longer says what the environment holds, and `--check` was given.",
  },
  // Process
  FLOE_NODE_TOO_OLD: { exit: EXIT.usage, summary: "This Node.js is older than floe needs." },
  FLOE_INTERRUPTED: { exit: EXIT.interrupted, summary: "Interrupted by the user or by a signal." },
} as const satisfies Record<string, CatalogueEntry>;

/** A stable string code of the catalogue. */
export type FloeErrorCode = keyof typeof ERRORS;

/** Gives the exit code that belongs to an error code. */
export function exitCodeOf(code: FloeErrorCode): ExitCode {
  return ERRORS[code].exit;
}
