import { createHash } from "node:crypto";
import { canonicalJson } from "@floe/core/model";
import { createKeySigner } from "@floe/signing";
import type { People } from "./people.ts";

type Json = Record<string, unknown>;

/** An event of a bundle, taken apart so that it can be tampered with. */
export interface OpenEvent {
  slot: number;
  bytes: Uint8Array;
}

/** A bundle whose parts can be changed, and which is written as if nothing had happened. */
export interface BundleFile {
  readonly head: Json & { environments: (Json & { events: number })[] };
  keys: Json[];
  events: OpenEvent[];
  /** Behind the ends of places that the ledger was moved from, which are named by their beginnings. */
  behind: (OpenEvent & { place: string })[];
  checkpoints: Json[];
  objects: (Json & { digest: string; bytes: string })[];
}

/** Takes the lines of a bundle apart. */
export function openBundle(lines: readonly string[]): BundleFile {
  const all = lines.map((line) => JSON.parse(line) as Json);
  const of = (type: string): Json[] => all.filter((line) => line["type"] === type);
  const stored = (line: Json): OpenEvent => ({
    slot: line["seq"] as number,
    bytes: Buffer.from(line["bytes"] as string, "base64"),
  });
  return {
    head: of("bundle")[0] as BundleFile["head"],
    keys: of("key"),
    events: of("event").map(stored),
    behind: of("behind").map((line) => ({ ...stored(line), place: line["place"] as string })),
    checkpoints: of("checkpoint"),
    objects: of("object") as BundleFile["objects"],
  };
}

/** Writes a bundle. `counted`: how many events its first line says; default as many as there are. */
export function writeBundleFile(file: BundleFile, counted = file.events.length): string {
  const [environment] = file.head.environments;
  const lines: Json[] = [
    { ...file.head, environments: [{ ...environment, events: counted }] },
    ...file.keys,
    ...file.events.map(({ slot, bytes }) => ({
      type: "event",
      environment: environment?.["name"],
      seq: slot,
      bytes: Buffer.from(bytes).toString("base64"),
    })),
    ...file.behind.map(({ slot, bytes, place }) => ({
      type: "behind",
      environment: environment?.["name"],
      place,
      seq: slot,
      bytes: Buffer.from(bytes).toString("base64"),
    })),
    ...file.checkpoints,
    ...file.objects,
  ];
  lines.push({ type: "end", lines: lines.length });
  return lines.map((line) => `${canonicalJson(line)}\n`).join("");
}

interface Statement {
  readonly predicate: Json;
  readonly [member: string]: unknown;
}

/** What an event says. */
export function statementOf({ bytes }: OpenEvent): Statement {
  const bundle = JSON.parse(Buffer.from(bytes).toString()) as { dsseEnvelope: { payload: string } };
  return JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString()) as Statement;
}

/** The leaf hash of RFC 6962. */
export function hashOf({ bytes }: OpenEvent): string {
  return `sha256:${createHash("sha256").update(Uint8Array.of(0)).update(bytes).digest("hex")}`;
}

/** The same event with other members, signed anew by one of the people, whose key it then names. */
export async function resigned(
  event: OpenEvent,
  changes: Json,
  who: string,
  people: People,
  { names = who }: { readonly names?: string } = {},
): Promise<OpenEvent> {
  const statement = statementOf(event);
  const signer = createKeySigner({ privateKey: people.privateKey(who) });
  const named = createKeySigner({ privateKey: people.privateKey(names) });
  const actor = {
    identity: names === "mallory" ? "alice" : names,
    method: "key",
    key_id: (named.signer as { keyId: string }).keyId,
    public_key: people.publicKey(names),
  };
  const predicate = { ...statement.predicate, actor, ...changes };
  const text = canonicalJson({ ...statement, predicate });
  const bytes = await signer.sign(new TextEncoder().encode(text), {
    signal: new AbortController().signal,
  });
  return { slot: predicate["seq" as never] as number, bytes };
}

/** The same event with another payload under the old signature. */
export function edited(event: OpenEvent, change: (text: string) => string): OpenEvent {
  const bundle = JSON.parse(Buffer.from(event.bytes).toString()) as {
    dsseEnvelope: { payload: string };
  };
  const text = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString();
  const other = change(text);
  if (other === text) throw new Error("nothing was changed");
  bundle.dsseEnvelope.payload = Buffer.from(other).toString("base64");
  return { ...event, bytes: Buffer.from(canonicalJson(bundle)) };
}
