/** How the test registry asks for credentials. */
export type RegistryAuthOptions =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | {
      readonly kind: "bearer";
      /** With these, `/token` gives whatever scope is asked for. */
      readonly username: string;
      readonly password: string;
      /** Accepted by `POST /token` as `grant_type=refresh_token`; default none. */
      readonly refreshToken?: string;
      /** Answers to `POST /token` as a service that has no such form; default it has. */
      readonly withoutPost?: 401 | 404 | 405;
      /** Accepted by `POST /oauth2/exchange`, which gives `refreshToken` for it, as Azure's registry does. */
      readonly exchangedToken?: string;
      /** What `/token` gives without credentials. Default `none`: a token that allows nothing. */
      readonly anonymous?: "pull" | "none";
      /** What a token for the account allows, whatever was asked for; `everything`: also other repositories. Default as asked. */
      readonly grants?: readonly ("pull" | "push" | "delete")[] | "everything";
      /** Default 300; a token is refused after that many seconds. */
      readonly expiresInSeconds?: number;
      /** Another token endpoint in the challenge, for hostile realms. */
      readonly realm?: string;
    };

/** Which registry's refusal to imitate when an immutable tag is written. */
export type ImmutableAnswer =
  | "ecr"
  | "harbor"
  | "docker-hub"
  | "acr"
  | "acr-denied"
  | "artifact-registry"
  | "quay"
  | "gitlab"
  | "artifactory";

/** One applied change, for {@link RegistryOptions.onWrite}. */
export interface WriteEvent {
  /** Counts from 1 since the start or the last reset. */
  readonly ordinal: number;
  /** `before`: nothing is stored yet. `after`: it is stored and not answered yet. */
  readonly phase: "before" | "after";
  readonly method: string;
  readonly path: string;
}

/** Switches of the test registry that can be changed while it runs. */
export interface RegistrySettings {
  /** The referrers API of distribution-spec 1.1. Default `true`; off, it answers 404 like an older registry. */
  readonly referrers: boolean;
  /** Whether a PUT with a subject is answered with `OCI-Subject`. Default: as `referrers`. */
  readonly subjectHeader: boolean | null;
  /** Referrers per page; default all at once. */
  readonly referrersPageSize: number | null;
  readonly auth: RegistryAuthOptions | null;
  /** Tags that cannot be written twice nor deleted. Default `false`. */
  readonly immutableTags: boolean | RegExp;
  /** Default `ecr`. */
  readonly immutableAnswer: ImmutableAnswer;
  /** Whether writing the same digest again to an immutable tag is refused too, as ECR does. Default `true`. */
  readonly immutableRefusesSame: boolean;
  /** `unsorted`: tags in order of creation; `n` and `last` are ignored and there is no Link, as docker-registry 2.8 does. */
  readonly tagList: "sorted" | "unsorted";
  /** The most tags in one answer; default no limit. */
  readonly tagPageSize: number | null;
  /** `false`: a list that was cut to `n` has no Link, as with `crane registry serve`. Default `true`. */
  readonly tagLinks: boolean;
  /** Manifests can be deleted by digest. Default `true`; off, it answers 405 as docker-registry does by default. */
  readonly manifestDeletion: boolean;
  /** Tags can be deleted. Default `true`; off, it answers 400 DIGEST_INVALID as docker-registry 2.8 does. */
  readonly tagDeletion: boolean;
  /**
   * GitLab takes the tag `sha256-<hex>` for the digest: `absent` when there is no such tag, `always` also when there is
   * one. Default `never`.
   */
  readonly selfResolvingTags: "never" | "absent" | "always";
  /** Blobs can be read from the middle, with `Range`. Default `true`; off, the header is ignored. */
  readonly blobRanges: boolean;
  /** `false`: a mount begins an upload instead, as the specification allows. Default `true`. */
  readonly mounts: boolean;
  /**
   * A POST with a blob and its digest stores the blob. Default `true`; off, it begins an upload, as docker-registry and the
   * specification allow.
   */
  readonly singlePost: boolean;
  /** Uploads of more bytes in one request are answered 413, as a proxy does. Default no limit. */
  readonly uploadLimitBytes: number | null;
  /** A longer PATCH is answered 416, as GHCR does beyond 4 MiB. Default no limit. */
  readonly chunkLimitBytes: number | null;
  /** Announced as `OCI-Chunk-Min-Length`; a shorter PATCH that is not the last is refused. Default none. */
  readonly chunkMinBytes: number | null;
  /** Of a longer PATCH only so much is kept, as `Range` then says. Default all of it. */
  readonly chunkTakesBytes: number | null;
  /** The status of a PATCH that was taken; `crane registry serve` says 204. Default 202. */
  readonly chunkStatus: 202 | 204;
  /** `false`: 400 to the GET of an upload, as `crane registry serve` does. Default `true`. */
  readonly uploadStatus: boolean;
  /** Answers 404 to a manifest GET or HEAD whose `Accept` does not name its media type, as docker-registry 2.8 does. */
  readonly requireAccept: boolean;
  /** `Location` headers with scheme and host. Default `false`. */
  readonly absoluteLocations: boolean;
  /** `false`: manifests are accepted under a wrong digest and with parts missing, as `crane registry serve` does. */
  readonly validateManifests: boolean;
  /** Time for the `Date` header and for tokens; default the system clock. */
  readonly now: () => Date;
  /**
   * Called round every change that is applied, for example to kill a process. Returning `"drop"` closes the
   * connection without an answer: in phase `before` the change is then not applied.
   */
  readonly onWrite: ((event: WriteEvent) => unknown) | null;
}

/** Options of {@link startRegistry}: all optional, see {@link RegistrySettings} for the defaults. */
export interface RegistryOptions extends Partial<RegistrySettings> {
  /** Serve https with this certificate. Default: http. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** The settings of a registry without options. */
export const DEFAULT_SETTINGS: RegistrySettings = {
  referrers: true,
  subjectHeader: null,
  referrersPageSize: null,
  auth: null,
  immutableTags: false,
  immutableAnswer: "ecr",
  immutableRefusesSame: true,
  tagList: "sorted",
  tagPageSize: null,
  tagLinks: true,
  manifestDeletion: true,
  tagDeletion: true,
  selfResolvingTags: "never",
  blobRanges: true,
  mounts: true,
  singlePost: true,
  uploadLimitBytes: null,
  chunkLimitBytes: null,
  chunkMinBytes: null,
  chunkTakesBytes: null,
  chunkStatus: 202,
  uploadStatus: true,
  requireAccept: false,
  absoluteLocations: false,
  validateManifests: true,
  now: () => new Date(),
  onWrite: null,
};
