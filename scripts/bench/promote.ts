import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startDockerRegistry } from "@floe/testing";
import { floe, peerScript, runCommand } from "./command.ts";
import { type Measured, race } from "./race.ts";

const GATES = ["one", "two", "three", "four", "five"];

/** cosign then signs with the key alone and asks no service. */
const NO_SERVICES = {
  mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
  caUrls: [],
  oidcUrls: [],
  rekorTlogUrls: [],
  tsaUrls: [],
  rekorTlogConfig: {},
  tsaConfig: {},
};

/**
 * A promotion on docker-registry: key verification, five gates that do nothing, record and ledger; against what a
 * script makes of the peers with the same keys, and against moving two tags without any check.
 */
export async function racePromote(
  cwd: string,
  options: { readonly rounds: number; readonly signal: AbortSignal },
): Promise<Measured[]> {
  const { rounds, signal } = options;
  await using registry = await startDockerRegistry({ signal });
  const repositories = {
    floe: `${registry.host}/bench/floe`,
    cosign: `${registry.host}/bench/cosign`,
    crane: `${registry.host}/bench/crane`,
  };
  // What is not on this machine must not be asked, whatever it is.
  const env = {
    COSIGN_PASSWORD: "",
    HTTP_PROXY: "http://127.0.0.1:9",
    HTTPS_PROXY: "http://127.0.0.1:9",
    NO_PROXY: "127.0.0.1",
  };
  const run = (...lines: string[]) => runCommand(peerScript(lines, { cwd, env }));

  run("cosign generate-key-pair");
  runCommand(floe(cwd, "generate-key-pair", "--output-key-prefix", "release"));
  writeFileSync(join(cwd, "no-services.json"), JSON.stringify(NO_SERVICES));
  writeFileSync(join(cwd, "predicate.json"), JSON.stringify({ gates: GATES, to: "dev" }));
  writeFileSync(join(cwd, "manifest.yaml"), JSON.stringify(manifestOf(repositories.floe)));

  const versionOf = (round: number) => `v1.0.${round}`;
  const signing = "--yes --key cosign.key --signing-config no-services.json";
  // Each round promotes an artifact of its own, which has one signature.
  const publish = (repository: string) => (round: number) => {
    const reference = `${repository}:${versionOf(round)}`;
    writeFileSync(join(cwd, "layer.txt"), `${reference}\n`);
    run(
      "tar -cf layer.tar layer.txt",
      `crane append --oci-empty-base -f layer.tar -t ${reference} >published.txt 2>&1`,
      `cosign sign ${signing} "${repository}@$(crane digest ${reference})" >signed.txt 2>&1`,
    );
  };
  const moveTags = (repository: string, version: string) => [
    `crane tag ${repository}:${version} ${version}-dev`,
    `crane tag ${repository}:${version} latest-dev`,
  ];
  return await race(
    [
      {
        name: "cosign verify, crane tag \u00d7 2, cosign attest",
        side: "peer",
        prepare: publish(repositories.cosign),
        run(round) {
          const reference = `${repositories.cosign}:${versionOf(round)}`;
          run(
            `cosign verify --key cosign.pub --insecure-ignore-tlog=true ${reference} >verified.txt 2>&1`,
            ...moveTags(repositories.cosign, versionOf(round)),
            `cosign attest ${signing} --type https://bench.example/promotion/v1 --predicate predicate.json ${reference} >attested.txt 2>&1`,
          );
        },
      },
      {
        name: "crane digest, crane tag \u00d7 2",
        side: "peer",
        prepare: publish(repositories.crane),
        run(round) {
          run(
            `crane digest ${repositories.crane}:${versionOf(round)}`,
            ...moveTags(repositories.crane, versionOf(round)),
          );
        },
      },
      {
        name: "floe platform promote",
        side: "floe",
        prepare: publish(repositories.floe),
        run(round) {
          runCommand(floe(cwd, "platform", "promote", versionOf(round), "--to", "dev"));
        },
      },
    ],
    { rounds, requests: () => registry.requests().length },
  );
}

function manifestOf(repository: string): unknown {
  return {
    apiVersion: "floe.dev/v1",
    kind: "Manifest",
    metadata: { name: "bench" },
    identities: { release: { key: "release.pub" } },
    artifacts: {
      registry: { uri: `oci://${repository}` },
      signing: { mode: "key-based", private_key_ref: "release.key" },
      verification: { enforcement: "enforce", public_key_ref: "cosign.pub" },
      promotion: {
        environments: [
          {
            name: "dev",
            gates: Object.fromEntries(GATES.map((gate) => [gate, { command: ["true"] }])),
          },
        ],
      },
    },
  };
}
