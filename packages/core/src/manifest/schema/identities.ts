import * as z from "zod";
import { Name, Ref, Timestamp, Url } from "./scalars.ts";
import { strictMap } from "./strict-map.ts";

/** One entry of `identities`: a key or an OIDC subject. */
export const IdentityEntry = strictMap({
  key: Ref.optional(),
  keyless: strictMap({
    issuer: Url,
    subject: z.string().min(1).max(2048).optional(),
    subject_pattern: z.string().min(1).max(2048).optional(),
  }).optional(),
  valid_from: Timestamp.optional(),
  valid_until: Timestamp.optional(),
  revoked_at: Timestamp.optional(),
});
export type IdentityEntry = z.infer<typeof IdentityEntry>;

/** `identities`. */
export const Identities = z
  .record(Name, IdentityEntry)
  .meta({ description: "Who can sign records, approvals and locks" });

/** `groups`. */
export const Groups = z
  .record(Name, z.array(Name))
  .meta({ description: "Lists of identities, for authorization and approvals" });
