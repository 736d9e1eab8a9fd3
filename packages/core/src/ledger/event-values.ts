import { z } from "zod";
import { type Digest, isDigest } from "../model/digest.ts";

/** `sha256:` or `sha512:` and the hash in lower-case hex. */
export const DigestText = z.custom<Digest>(isDigest, "not a digest");

/** A time in UTC (RFC 3339). */
export const Time = z.iso.datetime({ offset: false });

/** Number of an event, from 0. */
export const Seq = z.int().min(0);
