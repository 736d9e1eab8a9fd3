import { describe } from "vitest";
import { describeAuditBackendContract } from "../src/index.ts";
import { sampleAuditContract } from "./sample-audit-contract.ts";
import plugin from "./sample-audit-plugin.ts";

describe("in memory, with faults", async () => {
  describeAuditBackendContract(plugin, "sample", await sampleAuditContract("memory"));
});

describe("in a folder, with several processes", async () => {
  describeAuditBackendContract(plugin, "sample", await sampleAuditContract("folder"));
});
