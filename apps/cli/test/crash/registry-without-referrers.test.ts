import { describeCrashes } from "./describe-crashes.ts";
import { registryPlace } from "./place.ts";

describeCrashes("in a registry without the referrers API", (options) =>
  registryPlace({
    ...options,
    settings: { referrers: false, tagList: "unsorted", requireAccept: true },
  }),
);
