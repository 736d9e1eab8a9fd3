import { dirname } from "node:path";
import {
  type GuideOptions,
  onlyProd,
  peer,
  runGuide,
  startDockerRegistry,
  startRegistry,
} from "@floe/testing";
import { expect, test } from "vitest";

/** Follows a page with the programs of others that it mentions. */
async function followed(page: string, options: GuideOptions): Promise<void> {
  const PATH = `${dirname(peer("oras"))}:${process.env["PATH"]}`;
  const run = await runGuide(page, { ...options, env: { PATH } });
  expect(run.problems).toEqual([]);
  expect(run.code, run.output).toBe(0);
}

// oras and cosign speak to a registry without TLS where its name is `localhost`.
const named = ({ host }: { readonly host: string }) => host.replace("127.0.0.1", "localhost");

test("docs/guides/copy-and-air-gap.md: every command carries what the page says, and oras as well", async () => {
  await using outside = await startRegistry();
  await using mirror = await startRegistry();
  await using inside = await startRegistry();
  const [copied, mirrored] = [
    "oci://harbor.example.com/acme/app",
    "oci://mirror.example.com/acme/app",
  ];
  await followed("docs/guides/copy-and-air-gap.md", {
    stands: {
      "harbor.example.com": named(outside),
      "mirror.example.com": named(mirror),
      "registry.inside.example": named(inside),
    },
    before: {
      [`$ floe artifact copy ${copied}:v1.2.3 ${mirrored}`]: `
        ${onlyProd({ uri: copied })}
        floe promote v1.2.3 --to prod
        cp keys/artifact.pub .`,
    },
  });
});

test("docs/guides/sign-and-attest.md: every command ends as the page says, and cosign and oras read what was signed", async () => {
  await using registry = await startRegistry();
  await followed("docs/guides/sign-and-attest.md", {
    stands: { "registry.example.com": named(registry) },
  });
});

test("docs/guides/verify-without-floe.md: stock tools see what the page shows", async ({
  signal,
}) => {
  await using registry = await startDockerRegistry({ signal });
  await followed("docs/guides/verify-without-floe.md", {
    stands: { "registry.example.com": named(registry) },
    before: {
      "$ REPO=registry.example.com/acme/app": `
        floe init
        floe artifact copy v0.1.0 oci://registry.example.com/acme/app --tag v1.0.0
        floe promote v0.1.0 --to dev
        sed -i 's|oci-layout:./.floe/registry|oci://registry.example.com/acme/app|' manifest.yaml
        for environment in dev staging prod; do floe promote v1.0.0 --to $environment; done
        floe platform lock --env staging --reason docs
        floe platform unlock --env staging --reason docs`,
    },
  });
});
