import { describeCrashes } from "./describe-crashes.ts";
import { folderPlace } from "./place.ts";

describeCrashes("in a folder", folderPlace);
