// Reads the artifact that is being promoted from the embedded registry, by the digest that floe passes. With a real
// registry a check would pull FLOE_ARTIFACT_REF instead.
import { readFileSync } from "node:fs";
import { env } from "node:process";

const read = (digest) =>
  JSON.parse(readFileSync(`.floe/registry/blobs/${digest.replace(":", "/")}`, "utf8"));

export const app = read(read(env.FLOE_ARTIFACT_DIGEST).layers[0].digest);
