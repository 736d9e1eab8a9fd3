import { describeGateContract } from "../src/index.ts";
import { sampleContract, samplePackageJson, samplePlugin } from "./sample-plugin.ts";

describeGateContract(samplePlugin(), "sample_size", sampleContract(await samplePackageJson()));
