import type { LedgerEvent } from "../../ledger/event.ts";

/** What an event is about, and what happened to it, in letters: the parts that names of other vocabularies are made of. */
export interface EventName {
  readonly subject: "ledger" | "promotion" | "approval" | "environment" | "artifact" | "policy";
  readonly predicate: string;
}

/** Names an event. Promotions and rollbacks are begun and end in some way; everything else happens at once. */
export function eventName({ kind, body }: Pick<LedgerEvent, "kind" | "body">): EventName {
  const action = "action" in body && body.action === "rollback" ? "rollback" : "";
  switch (kind) {
    case "genesis":
      return { subject: "ledger", predicate: "begun" };
    case "intent":
      return { subject: "promotion", predicate: `${action}started` };
    case "outcome": {
      const { result } = body as { readonly result: string };
      if (result === "succeeded")
        return { subject: "promotion", predicate: action === "" ? "finished" : "rolledback" };
      return { subject: "promotion", predicate: `${action}${result}` };
    }
    case "refusal":
      return { subject: "promotion", predicate: "refused" };
    case "reconcile":
      return { subject: "promotion", predicate: "takenover" };
    case "move":
      return { subject: "ledger", predicate: "moved" };
    case "prune":
      return { subject: "ledger", predicate: "pruned" };
    case "settle":
      return { subject: "ledger", predicate: "settled" };
    case "lock":
      return { subject: "environment", predicate: "locked" };
    case "unlock":
      return { subject: "environment", predicate: "unlocked" };
    case "approval":
      return { subject: "approval", predicate: "granted" };
    case "denial":
      return { subject: "approval", predicate: "denied" };
    case "withdrawal":
      return { subject: "approval", predicate: "withdrawn" };
    case "quarantine":
      return { subject: "artifact", predicate: "quarantined" };
    case "unquarantine":
      return { subject: "artifact", predicate: "released" };
    case "adopt":
      return { subject: "artifact", predicate: "adopted" };
    case "policy":
      return { subject: "policy", predicate: "pinned" };
  }
}
