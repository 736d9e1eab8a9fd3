import type { SharingBackend } from "./oci-backend.ts";

/** A backend whose slot 0 holds the event of another number: the first one that a moved ledger has there. */
export function shiftBackend(backend: SharingBackend, first: () => number): SharingBackend {
  return {
    capabilities: () => backend.capabilities(),
    claim: (chain, seq, bytes, options) => backend.claim(chain, seq - first(), bytes, options),
    async head(chain, options) {
      const head = await backend.head(chain, options);
      const by = first();
      if (!head || by === 0) return head;
      const entries = head.entries.map((entry) => ({ ...entry, seq: entry.seq + by }));
      const { keptFrom } = head;
      const kept = keptFrom === undefined ? {} : { keptFrom: keptFrom + by };
      return { ...head, seq: head.seq + by, entries, ...kept };
    },
    async *read(chain, from, to, options) {
      const by = first();
      const last = to === undefined ? undefined : to - by;
      if (last !== undefined && last < 0) return;
      for await (const entry of backend.read(chain, Math.max(0, from - by), last, options))
        yield by === 0 ? entry : { ...entry, seq: entry.seq + by };
    },
    async find(chain, label, options) {
      const slots = await backend.find?.(chain, label, options);
      return slots?.map((slot) => slot + first()) ?? null;
    },
    chains: (options) => backend.chains(options),
    ...(backend.verifyStore
      ? {
          async *verifyStore(chain, options) {
            const found = backend.verifyStore?.(chain, options) ?? [];
            for await (const finding of found)
              yield finding.seq === undefined
                ? finding
                : { ...finding, seq: finding.seq + first() };
          },
        }
      : {}),
    ...(backend.prune
      ? {
          prune: (chain, upTo, options) =>
            (backend.prune as NonNullable<typeof backend.prune>)(chain, upTo - first(), options),
        }
      : {}),
  };
}
