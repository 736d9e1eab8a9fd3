import { describeCrashes } from "./describe-crashes.ts";
import { registryPlace } from "./place.ts";

describeCrashes("in a registry with the referrers API", registryPlace);
