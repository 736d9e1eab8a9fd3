// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${…} is what the manifest writes
import { describe, expect, test } from "vitest";
import { newPublicKey, openManifestFolder, withArtifacts, withGates } from "./manifest-folder.ts";

/** `line:column path: message` and what is suggested. */
type Expected = readonly [where: string, path: string, message: string, suggestion?: string];

const ENV = "artifacts.promotion.environments[0]";
const GATES = `${ENV}.gates`;
const ARTIFACTS_LINE = 4;
const KEYS = "identities:\n  a: { key: a.pub }\n";

const promotion = (lines: string) => withArtifacts(`  promotion:\n${lines}`);
const environment = (lines: string) =>
  promotion(`    environments:\n      - name: staging\n      - name: prod\n${lines}`);
const people = (lines: string) => `${withArtifacts("")}${lines}`;

const table: readonly (readonly [name: string, text: string, expected: readonly Expected[]])[] = [
  [
    "an unknown key",
    withArtifacts("  promotoin: {}"),
    [["7:3", "artifacts.promotoin", "unknown key", "promotion"]],
  ],
  [
    "an unknown key that is near nothing",
    `${withArtifacts("")}zzzzzz: 1\n`,
    [["8:1", "zzzzzz", "unknown key"]],
  ],
  [
    "a missing section",
    "apiVersion: floe.dev/v1\nkind: Manifest\nmetadata: {}\n",
    [
      ["1:1", "artifacts", "is required"],
      ["3:1", "metadata.name", "is required"],
      ["1:1", "artifacts.registry", "is required"],
      ["1:1", "artifacts.verification", "is missing"],
    ],
  ],
  [
    "another kind and version",
    withArtifacts("").replace("floe.dev/v1", "floe.dev/v2").replace("kind: Manifest", "kind: Spec"),
    [
      ["1:13", "apiVersion", 'expected floe.dev/v1, found "floe.dev/v2"', "floe.dev/v1"],
      ["2:7", "kind", 'expected Manifest, found "Spec"'],
    ],
  ],
  [
    "a number where text belongs",
    withArtifacts("").replace("{ name: acme }", "{ name: acme, version: 1.2 }"),
    [["3:34", "metadata.version", "expected text, found 1.2; put it in quotes"]],
  ],
  [
    "a key without a value",
    environment("        authorization:"),
    [
      [
        "11:9",
        "artifacts.promotion.environments[1].authorization",
        "expected a map, found nothing",
      ],
    ],
  ],
  [
    "a gate that is null",
    withGates("{ tests: }"),
    [["10:18", `${GATES}.tests`, "expected true, false or a map, found nothing"]],
  ],
  [
    "policy_compliance switched off",
    withGates("{ policy_compliance: false }"),
    [["10:37", `${GATES}.policy_compliance`, "cannot be switched off"]],
  ],
  [
    "policy_compliance made optional or a command",
    withGates("{ policy_compliance: { required: false, command: x, rules: [] } }"),
    [
      ["10:49", `${GATES}.policy_compliance.required`, "always required"],
      ["10:56", `${GATES}.policy_compliance.command`, "runs no command"],
      ["10:68", `${GATES}.policy_compliance.rules`, "unknown key"],
    ],
  ],
  [
    "a gate that nothing provides",
    withGates("{ security_scn: true }"),
    [["10:18", `${GATES}.security_scn`, "nothing provides the gate", "security_scan"]],
  ],
  [
    "a kind that nothing provides",
    withGates("{ e2e: { kind: test, command: x } }"),
    [["10:31", `${GATES}.e2e.kind`, 'no gate is named "test"', "tests"]],
  ],
  [
    "a setting that nobody reads",
    withGates("{ lint: { command: x, timout_seconds: 60 } }"),
    [["10:38", `${GATES}.lint.timout_seconds`, "unknown key", "timeout_seconds"]],
  ],
  [
    "a gate's name outside the grammar",
    withGates("{ License-Check: { command: x } }"),
    [["10:18", `${GATES}.License-Check`, "a gate's name starts with a lower-case letter"]],
  ],
  [
    "time limits out of bounds",
    promotion(
      "    default_timeout_seconds: 29\n    environments:\n      - { name: a, gate_timeout_seconds: 3601 }",
    ),
    [
      ["8:30", "artifacts.promotion.default_timeout_seconds", "must be at least 30, found 29"],
      ["10:42", `${ENV}.gate_timeout_seconds`, "must be at most 3600, found 3601"],
    ],
  ],
  [
    "an unbalanced quote",
    withGates(`{ lint: { command: "echo 'a" } }`),
    [["10:35", `${GATES}.lint.command`, "has a ' at character 6 that is never closed"]],
  ],
  [
    "shell syntax without a shell",
    withGates(`{ lint: { command: "a && b" } }`),
    [["10:35", `${GATES}.lint.command`, "has & outside quotes"]],
  ],
  [
    "an empty command",
    withGates(`{ a: { command: [] }, b: { command: " " }, c: { command: [""] } }`),
    [
      ["10:32", `${GATES}.a.command`, "must have at least 1 entry"],
      ["10:52", `${GATES}.b.command`, "names no program"],
      ["10:73", `${GATES}.c.command`, "names no program"],
    ],
  ],
  [
    "a list for a shell",
    withGates(`{ a: { shell: true, command: [x] } }`),
    [["10:45", `${GATES}.a.command`, "must be text when shell is true"]],
  ],
  [
    "unknown placeholders",
    withGates(
      '{ a: { command: ["x", "${ARTIFACT_REFF}", "${FLOE_ARTIFACT_TAG}", "$ARTIFACT_REF", "${"], reports: ["${HOME}/a"] } }',
    ),
    [
      ["10:38", `${GATES}.a.command[1]`, "unknown placeholder", "${ARTIFACT_REF}"],
      ["10:58", `${GATES}.a.command[2]`, "unknown placeholder", "${ARTIFACT_TAG}"],
      ["10:82", `${GATES}.a.command[3]`, "is not replaced without braces", "${ARTIFACT_REF}"],
      ["10:99", `${GATES}.a.command[4]`, "never closed"],
      ["10:116", `${GATES}.a.reports[0]`, "unknown placeholder"],
    ],
  ],
  [
    "placeholders where they are not replaced",
    withGates('{ a: { shell: true, command: "x ${ARTIFACT_REF}", env: { R: "${TARGET_ENV}" } } }'),
    [
      ["10:45", `${GATES}.a.command`, "not replaced in a shell script"],
      ["10:76", `${GATES}.a.env.R`, "not replaced in env"],
    ],
  ],
  [
    "needs that name no gate of the environment",
    withGates(
      "{ tests: true, cost_analysis: false, a: { command: x, needs: [test, cost_analysis] } }",
    ),
    [
      ["10:78", `${GATES}.a.needs[0]`, 'no gate is named "test"', "tests"],
      ["10:84", `${GATES}.a.needs[1]`, "switched off"],
    ],
  ],
  [
    "gates that wait for each other",
    withGates("{ a: { command: x, needs: [b] }, b: { command: x, needs: [a] } }"),
    [["10:42", `${GATES}.a.needs`, "gates wait for each other: a → b → a"]],
  ],
  [
    "whose word counts, where it cannot",
    withGates(
      "{ policy_compliance: { max_age: 1h }, a: { command: x, evidence_from: [release] }, b: { command: x, max_age: 1h, from_attestation: { predicate_type: 'https://x.example/y' } } }",
    ),
    [
      ["10:39", `${GATES}.policy_compliance.max_age`, "always judged anew"],
      ["10:71", `${GATES}.a.evidence_from`, "counts only with max_age"],
      ["10:87", `${GATES}.a.evidence_from[0]`, 'is named "release"'],
      ["10:116", `${GATES}.b.max_age`, "belongs to a gate that runs"],
      ["10:165", `${GATES}.b.from_attestation.predicate_type`, "in words that floe reads"],
    ],
  ],
  [
    "reserved and doubled variables, overlapping exit codes",
    withGates(
      "{ a: { command: x, env: { FLOE_X: y, B: z }, secret_env: { B: env:B }, exit_codes: { warn: [3], error: [3] } } }",
    ),
    [
      ["10:42", `${GATES}.a.env.FLOE_X`, "floe's own"],
      ["10:75", `${GATES}.a.secret_env.B`, "is in env as well"],
      ["10:99", `${GATES}.a.exit_codes`, "has 3 in both"],
    ],
  ],
  [
    "what does not belong into gate_commands",
    withGates(
      "{ tests: true }",
      "    gate_commands:\n      test: { command: x }\n      tests: { command: x, required: false }\n      policy_compliance: { command: x }",
    ),
    [
      ["12:7", "artifacts.promotion.gate_commands.test", "no environment has a gate", "tests"],
      ["13:28", "artifacts.promotion.gate_commands.tests.required", "belongs to a gate"],
      ["14:7", "artifacts.promotion.gate_commands.policy_compliance", "is built in"],
    ],
  ],
  [
    "environment names",
    promotion("    environments: [{ name: Prod }, { name: none }, { name: a }, { name: a }]"),
    [
      ["8:28", "artifacts.promotion.environments[0].name", "cannot name an environment"],
      ["8:44", "artifacts.promotion.environments[1].name", "cannot name an environment"],
      ["8:73", "artifacts.promotion.environments[3].name", "a second environment"],
    ],
  ],
  [
    "no environments",
    promotion("    environments: []"),
    [["8:19", "artifacts.promotion.environments", "at least 1"]],
  ],
  [
    "verification for environments that do not exist",
    withArtifacts(
      "  verification:\n    enforcement: warn\n    environments:\n      stagin: { enforcement: off }\n      prod: { require_promotion_from: prd }\n      dev: { require_promotion_from: prod }",
    ),
    [
      ["9:7", "artifacts.verification.environments.stagin", "no environment is named", "staging"],
      [
        "10:39",
        "artifacts.verification.environments.prod.require_promotion_from",
        "no environment is named",
        "prod",
      ],
      [
        "11:38",
        "artifacts.verification.environments.dev.require_promotion_from",
        "must be an environment before dev",
      ],
    ],
  ],
  [
    "required attestations of no type, by nobody, or by more signers than there are",
    `${withArtifacts(
      [
        "  verification:",
        "    trusted_issuers: [{ issuer: https://a.example, subject: x }]",
        "    require:",
        "      - { type: signatur }",
        "      - { type: signature, threshold: 2 }",
        "      - { type: https://spdx.dev/Document, signers: [ci, cj], threshold: 3 }",
        "      - { type: sbom, threshold: 0 }",
        "    environments: { dev: { enforcement: off }, staging: { require: [{ type: sbom }] } }",
      ].join("\n"),
    )}identities: { ci: { keyless: { issuer: https://a.example, subject: x } } }\n`,
    [
      ["9:17", "artifacts.verification.require[0].type", "neither signature nor sbom", "signature"],
      ["10:39", "artifacts.verification.require[1].threshold", "2 distinct signers are needed"],
      ["11:58", "artifacts.verification.require[2].signers[1]", "no identity", "ci"],
      ["12:34", "artifacts.verification.require[3].threshold", "at least 1"],
    ],
  ],
  [
    "thresholds that cannot be met",
    `${withArtifacts(
      [
        "  verification:",
        "    trusted_issuers: [{ issuer: https://a.example, subject: x }]",
        "    require:",
        "      - { type: signature, threshold: 2 }",
        "      - { type: https://spdx.dev/Document, signers: [all], threshold: 3 }",
        "    environments: { dev: { enforcement: off }, staging: { require: [{ type: sbom }] } }",
      ].join("\n"),
    )}identities: { ci: { keyless: { issuer: https://a.example, subject: x } }, cj: { keyless: { issuer: https://a.example, subject: y } } }\ngroups: { all: [ci, cj] }\n`,
    [
      [
        "9:39",
        "artifacts.verification.require[0].threshold",
        "2 distinct signers are needed and prod trusts (public_key_ref, trusted_issuers) 1",
      ],
      [
        "10:71",
        "artifacts.verification.require[1].threshold",
        "3 distinct signers are needed and it names 2",
      ],
    ],
  ],
  [
    "an enforcement that there is not",
    withArtifacts("  verification: { enforcement: enforced }"),
    [["6:32", "artifacts.verification.enforcement", 'found "enforced"', "enforce"]],
  ],
  [
    "trusted issuers without a subject, and a broken expression",
    withArtifacts(
      '  verification:\n    trusted_issuers:\n      - { issuer: https://a.example }\n      - { issuer: a.example, subject: x }\n      - { issuer: https://a.example, subject_regex: "a)(b" }',
    ),
    [
      ["8:9", "artifacts.verification.trusted_issuers[0]", "needs exactly one of subject"],
      ["9:19", "artifacts.verification.trusted_issuers[1].issuer", "expected the issuer's URL"],
      [
        "10:53",
        "artifacts.verification.trusted_issuers[2].subject_regex",
        "not a regular expression",
      ],
    ],
  ],
  [
    "expressions that take more than linear time",
    withArtifacts(
      '  verification:\n    trusted_issuers:\n      - { issuer: https://a.example, subject_regex: "(a)\\\\1" }\n      - { issuer: https://a.example, subject_regex: "a(?=b)" }',
    ),
    [
      ["8:53", "artifacts.verification.trusted_issuers[0].subject_regex", "no back-references"],
      ["9:53", "artifacts.verification.trusted_issuers[1].subject_regex", "no look-around"],
    ],
  ],
  [
    "a trusted root that is nowhere",
    withArtifacts("  verification: { trust_root: { file: none.json } }"),
    [["6:39", "artifacts.verification.trust_root.file", "none.json does not exist"]],
  ],
  [
    "a trusted root from two places",
    withArtifacts("  verification: { trust_root: { file: none.json, tuf: default } }"),
    [["6:31", "artifacts.verification.trust_root", "needs exactly one of tuf and file"]],
  ],
  [
    "a TUF mirror that nothing vouches for",
    withArtifacts("  verification: { trust_root: { tuf: https://tuf.example } }"),
    [["6:38", "artifacts.verification.trust_root.tuf", "needs root beside it"]],
  ],
  [
    "what belongs to a mirror, without one",
    withArtifacts("  verification: { trust_root: { tuf: default, root: a.pub } }"),
    [["6:47", "artifacts.verification.trust_root.root", "is not used with tuf: default"]],
  ],
  [
    "a trusted root that is a word",
    withArtifacts("  verification: { trust_root: default }"),
    [["6:31", "artifacts.verification.trust_root", "expected embedded"]],
  ],
  [
    "services of sigstore that a token must not go to",
    withArtifacts(
      "  signing: { fulcio_url: http://fulcio.example, tsa_url: ftp://tsa.example, oidc_issuer: https://u:p@login.example }",
    ),
    [
      ["7:26", "artifacts.signing.fulcio_url", "plain http is only for this machine"],
      ["7:58", "artifacts.signing.tsa_url", "expected a URL"],
      ["7:90", "artifacts.signing.oidc_issuer", "must not hold a user name or password"],
    ],
  ],
  [
    "a certificate authority of one's own with nobody who says when",
    withArtifacts("  signing: { fulcio_url: https://fulcio.example }"),
    [["7:14", "artifacts.signing.fulcio_url", "needs rekor_url or tsa_url beside it"]],
  ],
  [
    "a grace period out of bounds and an unreadable key",
    withArtifacts("  verification: { grace_period_days: 91, public_key_ref: keys/none.pub }"),
    [
      ["6:38", "artifacts.verification.grace_period_days", "must be at most 90, found 91"],
      ["6:58", "artifacts.verification.public_key_ref", "does not exist"],
    ],
  ],
  [
    "enforcement that contradicts enabled: false",
    withArtifacts(
      "  verification: { enabled: false, environments: { prod: { enforcement: enforce } } }",
    ),
    [["6:72", "artifacts.verification.environments.prod.enforcement", "contradicts"]],
  ],
  [
    "s3 without a bucket",
    promotion("    audit: { backend: s3 }"),
    [["8:5", "artifacts.promotion.audit.s3_bucket", "is required for backend: s3"]],
  ],
  [
    "audit keys of another backend, and a slip in its name",
    promotion("    audit: { backend: databse, s3_bucket: x, database_url: sqlite:a.db }"),
    [
      ["8:23", "artifacts.promotion.audit.backend", "no audit backend", "database"],
      ["8:32", "artifacts.promotion.audit.s3_bucket", "needs backend: s3"],
      ["8:46", "artifacts.promotion.audit.database_url", "needs backend: database"],
    ],
  ],
  [
    "anchors without their place, with another kind's, of no kind, and of one name or repository",
    promotion(
      [
        "    audit:",
        "      anchors:",
        "        - { kind: file }",
        "        - { kind: s3, path: a }",
        "        - { kind: fil, path: a }",
        "        - { kind: oci, name: b, registry: { uri: oci://h.example/b }, with: {} }",
        "        - { kind: oci, name: b, registry: { uri: oci://h.example/b } }",
        "        - { kind: rekor, url: http://log.example }",
        "        - { kind: rekor, name: r, url: https://log.example }",
        "        - { kind: rekor, name: s, url: https://other.example }",
      ].join("\n"),
    ),
    [
      ["10:11", "artifacts.promotion.audit.anchors[0].path", "is required for kind: file"],
      ["11:11", "artifacts.promotion.audit.anchors[1].s3_bucket", "is required for kind: s3"],
      ["11:23", "artifacts.promotion.audit.anchors[1].path", "needs kind: file"],
      ["12:19", "artifacts.promotion.audit.anchors[2].kind", "no anchor is of the kind", "file"],
      ["12:24", "artifacts.promotion.audit.anchors[2].path", "needs kind: file"],
      ["15:31", "artifacts.promotion.audit.anchors[5].url", "plain http is only for this machine"],
      ["17:19", "artifacts.promotion.audit.anchors[7].kind", "there is another log already"],
      ["13:71", "artifacts.promotion.audit.anchors[3].with", "is not used by kind oci"],
      ["14:30", "artifacts.promotion.audit.anchors[4].name", '"b" is the name of another anchor'],
      [
        "14:50",
        "artifacts.promotion.audit.anchors[4].registry.uri",
        "or of another anchor as well",
      ],
    ],
  ],
  [
    "a database that is none",
    promotion("    audit: { backend: database, database_url: mysql://h/db }"),
    [["8:47", "artifacts.promotion.audit.database_url", "expected sqlite:PATH or postgres://…"]],
  ],
  [
    "a database that is given twice",
    promotion("    audit: { backend: database, database_url: sqlite:a.db, with: { path: b.db } }"),
    [["8:47", "artifacts.promotion.audit.database_url", "is also given in with"]],
  ],
  [
    "identities that differ by case, or are the same",
    people(
      "identities:\n  Alice: { keyless: { issuer: https://a.example, subject: x } }\n  alice: { keyless: { issuer: https://a.example, subject: x } }\n  b: { key: a.pub }\n  c: { key: file:./a.pub }\n",
    ),
    [
      ["10:3", "identities.alice", 'differs from "Alice" by case only'],
      ["10:3", "identities.alice", 'same key or subject as "Alice"'],
      ["12:3", "identities.c", 'same key or subject as "b"'],
    ],
  ],
  [
    "identities that prove nothing",
    people(
      "identities:\n  a: {}\n  b: { key: a.pub, keyless: { issuer: https://a.example, subject: x } }\n  c: { keyless: { issuer: https://a.example } }\n",
    ),
    [
      ["9:3", "identities.a", "needs key or keyless"],
      ["10:3", "identities.b", "has both key and keyless"],
      ["11:8", "identities.c.keyless", "exactly one of subject and subject_pattern"],
    ],
  ],
  [
    "instants",
    people(
      "identities:\n  a: { key: a.pub, valid_from: 2026-02-30 }\n  b: { key: b.pub, valid_from: 2026-02-02, valid_until: 2026-02-01T00:00:00Z }\n",
    ),
    [
      ["9:32", "identities.a.valid_from", "an instant is written"],
      ["10:57", "identities.b.valid_until", "must be after valid_from"],
    ],
  ],
  [
    "groups and lists that name nobody",
    `${environment("        authorization: { allowed_groups: [admin], allowed_operators: [bob] }\n        approvals: { required: 1, from_groups: [adminz] }")}${KEYS}groups: { admins: [a, aa] }\n`,
    [
      [
        "11:43",
        "artifacts.promotion.environments[1].authorization.allowed_groups[0]",
        "no group",
        "admins",
      ],
      [
        "11:71",
        "artifacts.promotion.environments[1].authorization.allowed_operators[0]",
        "no identity is named",
      ],
      [
        "12:49",
        "artifacts.promotion.environments[1].approvals.from_groups[0]",
        "no group",
        "admins",
      ],
      ["15:23", "groups.admins[1]", 'no identity is named "aa"', "a"],
    ],
  ],
  [
    "an authorization that names nobody",
    environment("        authorization: {}"),
    [["11:24", "artifacts.promotion.environments[1].authorization", "names nobody"]],
  ],
  [
    "exemptions from separation of duties",
    `${environment("        authorization: { allowed_operators: [a], separation_of_duties: { exempt: [a] } }")}${KEYS}`,
    [
      [
        "11:74",
        "artifacts.promotion.environments[1].authorization.separation_of_duties.exempt",
        "needs approvals",
      ],
      [
        "11:83",
        "artifacts.promotion.environments[1].authorization.separation_of_duties.exempt[0]",
        "must be keyless",
      ],
    ],
  ],
  [
    "more approvals than there are approvers",
    `${environment("        approvals: { required: 2, from_groups: [g, h] }")}${KEYS}groups: { g: [a], h: [a] }\n`,
    [
      [
        "11:32",
        "artifacts.promotion.environments[1].approvals.required",
        'asks for 2 approvals from "g", "h", and only "a" are in there',
      ],
    ],
  ],
  [
    "approvals from a group of nobody",
    `${environment("        approvals: { required: 1, from_groups: [g] }")}${KEYS}groups: { g: [] }\n`,
    [["11:32", "artifacts.promotion.environments[1].approvals.required", "nobody is in there"]],
  ],
  [
    "an approver who is the only one who may promote",
    `${environment("        authorization: { allowed_operators: [a] }\n        approvals: { required: 1, from_groups: [g] }")}${KEYS}groups: { g: [a] }\n`,
    [
      [
        "12:32",
        "artifacts.promotion.environments[1].approvals.required",
        "besides whoever promotes",
      ],
    ],
  ],
  [
    "one person for what takes two",
    `${withArtifacts("  promotion:\n    environments:\n      - { name: staging, authorization: { allowed_operators: [a] } }\n      - { name: prod, authorization: { allowed_groups: [g], separation_of_duties: true } }")}${KEYS}groups: { g: [a] }\n`,
    [
      [
        "10:83",
        "artifacts.promotion.environments[1].authorization.separation_of_duties",
        'only "a" may promote to staging and to prod',
      ],
    ],
  ],
  [
    "approvals by the one who has to promote, because the other has before",
    `${withArtifacts("  promotion:\n    environments:\n      - { name: staging, authorization: { allowed_operators: [a] } }\n      - name: prod\n        authorization: { allowed_operators: [a, b], separation_of_duties: true }\n        approvals: { required: 1, from_groups: [g] }")}${KEYS}  b: { keyless: { issuer: https://i.example, subject: b } }\ngroups: { g: [b] }\n`,
    [
      [
        "12:32",
        "artifacts.promotion.environments[1].approvals.required",
        "besides whoever promotes",
      ],
    ],
  ],
  [
    "an approval of one's own by who is exempt",
    `${withArtifacts("  promotion:\n    environments:\n      - { name: staging, authorization: { allowed_operators: [b] } }\n      - name: prod\n        authorization: { allowed_operators: [b], separation_of_duties: { exempt: [b] } }\n        approvals: { required: 1, from_groups: [g], self_approval: true }")}${KEYS}  b: { keyless: { issuer: https://i.example, subject: b } }\ngroups: { g: [b] }\n`,
    [
      [
        "12:32",
        "artifacts.promotion.environments[1].approvals.required",
        "besides whoever promotes",
      ],
    ],
  ],
  [
    "overrides of what cannot be overridden",
    `${environment("        overrides: { signature: { groups: [g] }, gate:policy_compliance: { groups: [g] }, frezze: { groups: [g] }, gate:x: { groups: [h] } }")}groups: { g: [] }\n`,
    [
      [
        "11:22",
        "artifacts.promotion.environments[1].overrides.signature",
        "can never be overridden",
      ],
      [
        "11:50",
        'artifacts.promotion.environments[1].overrides["gate:policy_compliance"]',
        "can never be overridden",
      ],
      [
        "11:91",
        "artifacts.promotion.environments[1].overrides.frezze",
        "expected freeze",
        "freeze",
      ],
      ["11:116", 'artifacts.promotion.environments[1].overrides["gate:x"]', 'no gate is named "x"'],
      [
        "11:135",
        'artifacts.promotion.environments[1].overrides["gate:x"].groups[0]',
        "no group",
        "g",
      ],
    ],
  ],
  [
    "soak in the wrong direction, and freeze windows",
    environment(
      "        soak: { from: prod, hours: 24 }\n        freeze:\n          - { start: 2026-12-20T00:00, end: 2026-12-19T00:00, timezone: Europe/Berlin }\n          - { start: 2026-12-20T00:00, duration: 1h, timezone: UTC }\n          - { rrule: FREQ=DAILY, duration: 62x, timezone: Mars/Base }\n          - { start: 2026-02-30T00:00, end: 2026-03-19T00:00 }",
    ),
    [
      [
        "11:23",
        "artifacts.promotion.environments[1].soak.from",
        "must be an environment before prod",
      ],
      ["13:45", "artifacts.promotion.environments[1].freeze[0].end", "must be after start"],
      ["14:13", "artifacts.promotion.environments[1].freeze[1]", "needs either start and end"],
      ["15:44", "artifacts.promotion.environments[1].freeze[2].duration", "a duration is written"],
      ["15:59", "artifacts.promotion.environments[1].freeze[2].timezone", "is no time zone"],
      ["16:13", "artifacts.promotion.environments[1].freeze[3].timezone", "is required"],
      ["16:22", "artifacts.promotion.environments[1].freeze[3].start", "is no date"],
    ],
  ],
  [
    "freeze windows by rules that are none, that never occur, and that never end",
    environment(
      [
        "        freeze:",
        '          - { rrule: "FREQ=WEEKLY;BYDY=FR", duration: 1h, timezone: UTC }',
        '          - { rrule: "FREQ=WEEKLY;BYHOUR=25", duration: 1h, timezone: UTC }',
        '          - { rrule: "FREQ=HOURLY", duration: 1h, timezone: UTC }',
        '          - { rrule: "FREQ=WEEKLY;BYDAY=1FR", duration: 1h, timezone: UTC }',
        '          - { rrule: "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", duration: 1h, timezone: UTC }',
        '          - { rrule: "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", duration: 1h, timezone: UTC }',
        '          - { rrule: "FREQ=DAILY;BYHOUR=6,18", duration: 12h, timezone: UTC }',
        '          - { rrule: "FREQ=DAILY;COUNT=2;UNTIL=20270101", duration: 1h, timezone: UTC }',
        '          - { rrule: "every friday", duration: 1h, timezone: UTC }',
        '          - { rrule: "FREQ=DAILY;BYDAY=MO", duration: 1h, end: 2026-12-19T00:00, timezone: UTC }',
        "          - { start: 2026-12-20T00:00, end: 2062-12-19T00:00, timezone: UTC }",
        // Eleven months of the year are one window, and in December it is open.
        '          - { rrule: "FREQ=DAILY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11", duration: 24h, timezone: UTC }',
      ].join("\n"),
    ),
    [
      ["12:22", "artifacts.promotion.environments[1].freeze[0].rrule", 'a part "BYDY"', "BYDAY"],
      ["13:22", "artifacts.promotion.environments[1].freeze[1].rrule", "which BYHOUR cannot be"],
      ["14:22", "artifacts.promotion.environments[1].freeze[2].rrule", "recur daily at most"],
      ["15:22", "artifacts.promotion.environments[1].freeze[3].rrule", "is no rule: BYDAY"],
      ["16:22", "artifacts.promotion.environments[1].freeze[4].rrule", "never occurs"],
      ["17:22", "artifacts.promotion.environments[1].freeze[5].rrule", "INTERVAL=2 needs start"],
      ["18:58", "artifacts.promotion.environments[1].freeze[6].duration", "never be open"],
      ["19:22", "artifacts.promotion.environments[1].freeze[7].rrule", "both COUNT and UNTIL"],
      ["20:22", "artifacts.promotion.environments[1].freeze[8].rrule", "has a part"],
      ["21:13", "artifacts.promotion.environments[1].freeze[9]", "needs either start and end"],
      ["22:45", "artifacts.promotion.environments[1].freeze[10].end", "more than ten years"],
    ],
  ],
  [
    "credentials in a URI",
    withArtifacts("  registry: { uri: oci://u:hunter2@harbor.example.com/a }"),
    [["6:20", "artifacts.registry.uri", "must not hold a user name or password"]],
  ],
  [
    "plain http to elsewhere",
    withArtifacts("  registry: { uri: http://harbor.example.com/a }"),
    [["6:20", "artifacts.registry.uri", "plain http is only for this machine"]],
  ],
  [
    "a registry without a scheme",
    withArtifacts("  registry: { uri: harbor.example.com/acme/app }"),
    [["6:20", "artifacts.registry.uri", "lacks its scheme", "oci://harbor.example.com/acme/app"]],
  ],
  [
    "a registry with a tag, without a repository, of another kind",
    withArtifacts(
      "  registry: { uri: oci://h.example/a:v1 }\n  secondary_registries: [{ name: b, uri: oci://h.example }, { name: b, uri: ftp://h.example/a }, { name: c, uri: oci://h.example/A }]",
    ),
    [
      ["6:20", "artifacts.registry.uri", "names a repository only"],
      ["7:42", "artifacts.secondary_registries[0].uri", "the repository is missing"],
      ["7:69", "artifacts.secondary_registries[1].name", "another secondary registry"],
      [
        "7:77",
        "artifacts.secondary_registries[1].uri",
        "expected oci://host/repository or oci-layout:PATH",
      ],
      ["7:114", "artifacts.secondary_registries[2].uri", "must be lower case"],
    ],
  ],
  [
    "authentication without its credentials, and credentials without it",
    withArtifacts(
      "  registry: { uri: oci://h.example/a, auth: { type: basic } }\n  secondary_registries: [{ name: b, uri: oci://h.example/b, auth: { credentials_ref: env:X } }]",
    ),
    [
      ["6:39", "artifacts.registry.auth.credentials_ref", "is required for type basic"],
      ["7:69", "artifacts.secondary_registries[0].auth.credentials_ref", "needs type: basic"],
    ],
  ],
  [
    "variables that are not set",
    withArtifacts(
      '  registry: { uri: "oci://${HOST}/a", auth: { type: token, credentials_ref: "file:${DIR}/t" } }\n  signing: { private_key_ref: "${", password_ref: "env:${9}" }',
    ),
    [
      ["6:20", "artifacts.registry.uri", "HOST is not set"],
      ["6:77", "artifacts.registry.auth.credentials_ref", "DIR is not set"],
      ["7:31", "artifacts.signing.private_key_ref", "never closed"],
      ["7:51", "artifacts.signing.password_ref", "names no environment variable"],
    ],
  ],
  [
    "tags that cannot be mutable, and a broken pattern",
    withArtifacts('  tags: { version_pattern: "(", mutable: [v1.2.3, "a b", floe-ev.x] }'),
    [
      ["7:28", "artifacts.tags.version_pattern", "not a regular expression"],
      ["7:43", "artifacts.tags.mutable[0]", "versions never move"],
      ["7:51", "artifacts.tags.mutable[1]", "is not a tag"],
      ["7:58", "artifacts.tags.mutable[2]", "floe's own tags"],
    ],
  ],
  [
    "policies and plugins",
    `${promotion("    policies: { rule: [], exemptions: 5 }")}plugins: { use: ["UPPER"], allow: ["@a/*", "a b"] }\n`,
    [
      ["8:17", "artifacts.promotion.policies.rule", "unknown key", "rules"],
      ["8:39", "artifacts.promotion.policies.exemptions", "expected text, found 5"],
      ["9:18", "plugins.use[0]", "not the name of a package"],
      ["9:44", "plugins.allow[1]", "not the name of a package"],
    ],
  ],
];

describe("loadManifest reports", () => {
  test.each(table)("%s", async (_, text, expected) => {
    await using folder = await openManifestFolder(text);
    await folder.write("a.pub", newPublicKey());
    await folder.write("b.pub", newPublicKey());

    const issues = await folder.issues({ gateSchemas: async () => null });

    const actual = issues.map((issue) => ({
      where: `${issue.line}:${issue.column}`,
      path: issue.path,
      suggestion: issue.suggestion,
    }));
    const sortKey = (item: { where: string; path: string }) => `${item.where} ${item.path}`;
    const wanted = expected.map(([where, path, , suggestion]) => ({
      where,
      path,
      suggestion: suggestion ?? null,
    }));
    const bySortKey = (a: { where: string; path: string }, b: { where: string; path: string }) =>
      sortKey(a) < sortKey(b) ? -1 : 1;
    expect(actual.toSorted(bySortKey)).toEqual(wanted.toSorted(bySortKey));
    for (const [where, path, message] of expected)
      expect(
        issues.some(
          (issue) =>
            `${issue.line}:${issue.column}` === where &&
            issue.path === path &&
            issue.message.includes(message),
        ),
        `${where} ${path}: ${message} in ${JSON.stringify(issues)}`,
      ).toBe(true);
    expect(issues.every((issue) => issue.file === "manifest.yaml")).toBe(true);
  });

  test("all errors in one message, each with file, line and column", async () => {
    await using folder = await openManifestFolder(
      withGates("{ test: true }").replace("kind: Manifest", "knd: Manifest"),
    );

    const error = await folder.failure();

    expect(error.exitCode).toBe(2);
    expect(error.message).toBe(
      [
        "manifest.yaml has 3 errors:",
        "  manifest.yaml:1:1 kind: is required",
        '  manifest.yaml:2:1 knd: unknown key; did you mean "kind"?',
        `  manifest.yaml:10:18 ${GATES}.test: nothing provides the gate "test": it has no command and no plugin has it; did you mean "tests"?`,
      ].join("\n"),
    );
  });

  test("a missing verification with both ways out", async () => {
    await using folder = await openManifestFolder(
      withArtifacts("").replace("  verification: { enforcement: off }\n", ""),
    );

    const [issue] = await folder.issues();

    expect(issue).toMatchObject({
      line: ARTIFACTS_LINE,
      column: 1,
      path: "artifacts.verification",
    });
    expect(issue?.message).toContain("public_key_ref");
    expect(issue?.message).toContain("enforcement: off");
  });

  test("one wrong setting that several environments share only once", async () => {
    await using folder = await openManifestFolder(
      promotion(
        '    environments: [{ name: a, gates: { tests: true } }, { name: b, gates: { tests: true } }]\n    gate_commands: { tests: { command: "x ${NOPE}" } }',
      ),
    );

    expect(await folder.issues()).toHaveLength(1);
  });

  test("nothing of a secret that stands where its place belongs", async () => {
    await using folder = await openManifestFolder(
      withArtifacts(
        [
          "  registry: { uri: oci://u:hunter2@h.example/a, auth: { type: basic, credentials_ref: admin:hunter2 } }",
          "  signing: { private_key_ref: [hunter2], password_ref: pass:hunter2 }",
          "  tags: hunter2",
        ].join("\n"),
      ),
    );

    const error = await folder.failure();

    expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain("hunter2");
  });
});
