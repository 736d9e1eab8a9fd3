// copy-once.ts FROM TO TAG: copies one artifact between two repositories and says so.
import { copyArtifact, createRegistryStore } from "../../../src/index.ts";

const [from = "", to = "", tag = ""] = process.argv.slice(2);
const source = createRegistryStore({ uri: from });
const target = createRegistryStore({ uri: to });
const { signal } = new AbortController();
const tags = [{ tag, mutable: false }];
await copyArtifact({ from: source, to: target, reference: tag, tags }, { signal });
console.log("copied");
