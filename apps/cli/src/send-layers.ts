import type { ArtifactStore } from "@floe/core";
import { EMPTY_BLOB, EMPTY_DESCRIPTOR } from "@floe/core/model";
import { countBytes } from "@floe/oci/count-bytes";
import type { PreparedPush, PushLayer } from "./push-files.ts";

/** How many layers are sent at a time; the registry's client has its own limit of connections. */
const AT_ONCE = 4;

/** How layers are sent. */
export interface SendOptions {
  readonly signal: AbortSignal;
  /** Called with the bytes that were sent and, when all layers are known, with how many there are. */
  readonly onSent?: (bytes: number, total: number | undefined) => void;
}

/** Sends layers while others are still being described. Disposed of, it sends nothing any more. */
export interface LayerSender extends AsyncDisposable {
  /** Ends with sending: whoever still describes layers does so for nothing. */
  readonly signal: AbortSignal;
  /** Takes a layer; it is sent when {@link LayerSender.open} was called. */
  add(layer: PushLayer): void;
  /** Begins to send. */
  open(): void;
  /**
   * Says that no layer follows, and waits until all of them are there.
   * @throws {FloeError} FLOE_FILE_CHANGED - a file is not any more what was described
   */
  finish(): Promise<void>;
}

/** Makes a sender of layers that the store does not have yet. The manifest is left to the caller, who tags it. */
export function createLayerSender(
  store: ArtifactStore,
  { signal, onSent }: SendOptions,
): LayerSender {
  const stop = new AbortController();
  const all = AbortSignal.any([signal, stop.signal]);
  const waiting: PushLayer[] = [];
  const running = new Set<Promise<void>>();
  let isOpen = false;
  let hasConfig = false;
  let known = 0;
  let total: number | undefined;
  let failure: { readonly error: unknown } | null = null;

  async function send(layer: PushLayer): Promise<void> {
    let sent = 0;
    const count = (bytes: number): void => {
      sent += bytes;
      onSent?.(bytes, total);
    };
    const source = (): AsyncIterable<Uint8Array> => {
      // What is sent once more counts once.
      count(-sent);
      return countBytes(layer.open(all), count);
    };
    await store.putBlob(layer.descriptor, source, { signal: all });
    count(layer.descriptor.size - sent);
  }

  async function run(layer: PushLayer): Promise<void> {
    try {
      all.throwIfAborted();
      await send(layer);
      // The config beside the others, but only when something of the artifact is there that wants one.
      if (hasConfig) return;
      hasConfig = true;
      await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, { signal: all });
    } catch (error) {
      failure ??= { error };
      stop.abort(error);
    }
  }

  function begin(): void {
    while (isOpen && failure === null && running.size < AT_ONCE) {
      const layer = waiting.shift();
      if (layer === undefined) return;
      const work = run(layer).finally(() => {
        running.delete(work);
        begin();
      });
      running.add(work);
    }
  }

  async function settle(): Promise<void> {
    while (running.size > 0) await Promise.all(running);
  }

  return {
    signal: all,
    add(layer) {
      known += layer.descriptor.size;
      waiting.push(layer);
      begin();
    },
    open() {
      isOpen = true;
      begin();
    },
    async finish() {
      total = known;
      await settle();
      if (failure !== null) throw (failure as { readonly error: unknown }).error;
      if (!hasConfig) await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, { signal });
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("nothing is sent any more"));
      waiting.length = 0;
      await settle();
    },
  };
}

/**
 * Sends the layers of an artifact that the store does not have yet. The manifest is left to the caller, who tags it.
 * @throws {FloeError} FLOE_FILE_CHANGED - a file is not any more what was described
 */
export async function sendLayers(
  store: ArtifactStore,
  { layers }: PreparedPush,
  options: SendOptions,
): Promise<void> {
  await using sender = createLayerSender(store, options);
  for (const layer of layers) sender.add(layer);
  sender.open();
  await sender.finish();
}
