import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import type { ArtifactStore, RawManifest } from "@floe/core";
import { FloeError } from "@floe/core/errors";
import { MEDIA_TYPES } from "@floe/core/model";
import { findProgram } from "./find-program.ts";

/** The formats that both generators write. */
export type SbomFormat = "spdx" | "cyclonedx";

/** What the generators need besides what they describe. */
export interface SbomOptions {
  readonly format: SbomFormat;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** The most bytes of a document. */
  readonly maxBytes: number;
}

/** Reading every file of a large image takes minutes. */
const TIME_LIMIT_MS = 600_000;

/** What generators may see of floe's own environment: no password and no token of floe's. */
const PASSED = /^(?:PATH|HOME|LANG|LC_.*|TZ|TMPDIR|XDG_.*|SYFT_.*|npm_config_.*)$/i;

/**
 * Has syft make an SBOM of an image. syft gets a folder with exactly the manifest and blobs of the digest, checked by
 * floe, so it needs neither the network nor a login.
 * @throws {FloeError} FLOE_SBOM_GENERATOR_MISSING - syft is not on PATH
 * @throws {FloeError} FLOE_SBOM_GENERATOR_FAILED - it failed, took more than ten minutes, or wrote too much
 * @throws {FloeError} FLOE_USAGE_INVALID - an index: syft reads one image
 */
export async function sbomOfArtifact(
  { store, artifact }: { readonly store: ArtifactStore; readonly artifact: RawManifest },
  options: SbomOptions,
): Promise<Uint8Array> {
  const { digest, mediaType } = artifact.descriptor;
  if (mediaType === MEDIA_TYPES.ociIndex || mediaType === MEDIA_TYPES.dockerIndex)
    throw new FloeError({
      code: "FLOE_USAGE_INVALID",
      message: "an SBOM is made of one image, and this is an index of several",
      hint: "Give --platform os/arch, or an SBOM of the whole with --file.",
    });
  const syft = await findProgram("syft", options.env);
  if (syft === null)
    throw new FloeError({
      code: "FLOE_SBOM_GENERATOR_MISSING",
      message: "no SBOM is given, and syft, which makes one of an image, is not on PATH",
      hint: "Give --file SBOM.json, install syft (https://github.com/anchore/syft), or give --from-folder DIR for an npm project.",
    });
  const { copyArtifact, createLayoutStore } = await import("@floe/oci");
  const folder = await mkdtemp(join(tmpdir(), "floe-sbom-"));
  try {
    const path = join(folder, "image");
    const to = createLayoutStore({ path, create: true });
    const tags = [{ tag: "artifact", mutable: false }];
    const { signal } = options;
    await copyArtifact({ from: store, to, reference: digest, referrers: false, tags }, { signal });
    await to[Symbol.asyncDispose]?.();
    const named = ["--source-name", store.repository, "--source-version", digest];
    const args = [`oci-dir:${path}`, "-q", "-o", `${options.format}-json`, ...named];
    return await generate("syft", syft, args, folder, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Has npm make an SBOM of a project's folder, of its lock file where it has one.
 * @throws {FloeError} FLOE_USAGE_INVALID - no npm project
 * @throws {FloeError} FLOE_SBOM_GENERATOR_MISSING - npm is not on PATH
 * @throws {FloeError} FLOE_SBOM_GENERATOR_FAILED - it failed, took more than ten minutes, or wrote too much
 */
export async function sbomOfFolder(folder: string, options: SbomOptions): Promise<Uint8Array> {
  const cwd = resolve(folder);
  if (!existsSync(join(cwd, "package.json")))
    throw new FloeError({
      code: "FLOE_USAGE_INVALID",
      message: `${folder} is no npm project: it has no package.json`,
      hint: "Make the SBOM with the tools of the language, and give it with --file.",
    });
  const npm = await findProgram("npm", options.env);
  if (npm === null)
    throw new FloeError({
      code: "FLOE_SBOM_GENERATOR_MISSING",
      message: "npm, which makes the SBOM of a folder, is not on PATH",
      hint: "Install npm, or give --file SBOM.json.",
    });
  const locked = existsSync(join(cwd, "package-lock.json")) ? ["--package-lock-only"] : [];
  const args = ["sbom", `--sbom-format=${options.format}`, ...locked];
  return await generate("npm", npm, args, cwd, options);
}

function generate(
  name: string,
  program: string,
  args: readonly string[],
  cwd: string,
  { env, signal, maxBytes }: SbomOptions,
): Promise<Uint8Array> {
  const passed = Object.entries(env).filter(([variable]) => PASSED.test(variable));
  const limits = { timeout: TIME_LIMIT_MS, maxBuffer: maxBytes, killSignal: "SIGKILL" as const };
  return new Promise((done, reject) => {
    execFile(
      program,
      args,
      { cwd, signal, ...limits, encoding: "buffer", env: Object.fromEntries(passed) },
      (error, stdout, stderr) => {
        if (error === null) done(stdout);
        else if (signal.aborted) reject(signal.reason as Error);
        else reject(failed(name, error, stderr, maxBytes));
      },
    );
  });
}

function failed(
  name: string,
  error: Error & { readonly code?: unknown; readonly killed?: boolean; readonly signal?: unknown },
  stderr: Uint8Array,
  maxBytes: number,
): FloeError {
  const said = Buffer.from(stderr).toString("utf8").trim().split("\n").slice(-3).join(" / ");
  const why =
    error.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER"
      ? `wrote more than ${maxBytes} bytes`
      : error.killed === true
        ? `took more than ${TIME_LIMIT_MS / 1000} s`
        : `ended with ${String(error.code ?? error.signal)}${said === "" ? "" : `: ${said.slice(0, 500)}`}`;
  return new FloeError({
    code: "FLOE_SBOM_GENERATOR_FAILED",
    message: `${name} made no SBOM: it ${why}`,
    hint: "Make the SBOM with another tool, and give it with --file.",
    cause: error,
  });
}

/** What a made document is called in messages. */
export function generatedName(folder: string | undefined): string {
  return folder === undefined
    ? "what syft wrote"
    : `what npm wrote for ${basename(resolve(folder))}`;
}
