import { Args } from "@oclif/core";
import { ArtifactCommand } from "../../artifact-command.ts";
import { fetchManifest } from "../../open-artifact.ts";
import { paint, plain } from "../../render/paint.ts";

export default class Inspect extends ArtifactCommand {
  static override summary =
    "Show an artifact: digest, layers, annotations and what is attached to it";
  static override examples = [
    "<%= config.bin %> artifact inspect v1.2.3",
    "<%= config.bin %> artifact inspect oci://harbor.example.com/acme/app@sha256:… -o json",
  ];
  static override args = {
    reference: Args.string({
      description: "A reference, or a bare tag or digest in the manifest's registry",
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Inspect);
    await using target = await this.open(args.reference, flags);
    const raw = await fetchManifest(target, this.signal);
    const { digest, mediaType, size } = raw.descriptor;
    const manifest = parseManifest(raw.bytes);
    const referrers = await target.store.referrers(digest, { signal: this.signal });
    const view = {
      repository: target.store.repository,
      reference: target.reference,
      digest,
      media_type: mediaType,
      size,
      manifest,
      referrers: referrers.map((referrer) => ({
        digest: referrer.digest,
        artifact_type: referrer.artifactType ?? null,
        size: referrer.size,
        annotations: referrer.annotations ?? {},
      })),
    };
    await this.result(view, () => describe(view));
  }
}

interface View {
  readonly repository: string;
  readonly digest: string;
  readonly media_type: string;
  readonly size: number;
  readonly manifest: unknown;
  readonly referrers: readonly {
    readonly digest: string;
    readonly artifact_type: string | null;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

function describe(view: View): string {
  const { artifactType, layers, manifests, annotations } = (view.manifest ?? {}) as Record<
    string,
    unknown
  >;
  const items = (
    Array.isArray(layers) ? layers : Array.isArray(manifests) ? manifests : []
  ) as Record<string, unknown>[];
  const row = (name: string, text: string): string =>
    `${paint("dim", name.padEnd(12))}${plain(text)}`;
  const lines = [
    row("repository", view.repository),
    row("digest", view.digest),
    row("media type", view.media_type),
    ...(typeof artifactType === "string" ? [row("type", artifactType)] : []),
    row("size", `${view.size} bytes`),
    ...Object.entries((annotations ?? {}) as Record<string, unknown>).map(([key, value]) =>
      row("annotation", `${key} = ${String(value)}`),
    ),
    ...items.map((item) => {
      const title = (item["annotations"] as Record<string, unknown> | undefined)?.[
        "org.opencontainers.image.title"
      ];
      return row(
        "layer",
        `${String(item["digest"])} ${String(item["size"])} bytes ${String(item["mediaType"])}${typeof title === "string" ? ` ${title}` : ""}`,
      );
    }),
    ...view.referrers.map((referrer) => {
      const what =
        referrer.annotations["dev.sigstore.bundle.predicateType"] ??
        referrer.artifact_type ??
        "unknown";
      return row("attached", `${referrer.digest} ${what}`);
    }),
  ];
  return lines.join("\n");
}

function parseManifest(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}
