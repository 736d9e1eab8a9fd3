/** One value of a text: a string of JSON, or a line. */
export interface TextValue {
  readonly value: string;
  /** The name that the value stands under; `null`: under none. */
  readonly name: string | null;
  /** Where it is in the text, by keys or by the number of its line. */
  place(hide: (key: string) => string): string;
}

interface Trail {
  readonly key: string | number;
  readonly up: Trail | null;
}

function pointer(trail: Trail | null, hide: (key: string) => string): string {
  const keys: string[] = [];
  for (let at = trail; at; at = at.up) keys.unshift(hide(String(at.key)).replaceAll("/", "~1"));
  return `#/${keys.join("/")}`;
}

// Without recursion: how deep a document is, is up to whoever wrote it.
function* valuesOfJson(document: unknown): Generator<TextValue> {
  const pending: { readonly value: unknown; readonly trail: Trail | null }[] = [
    { value: document, trail: null },
  ];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { value, trail } = next;
    if (typeof value === "string") {
      const key = trail?.key;
      const name = typeof key === "string" ? key : null;
      yield { value, name, place: (hide) => pointer(trail, hide) };
    } else if (Array.isArray(value)) {
      for (let index = value.length - 1; index >= 0; index--)
        pending.push({ value: value[index], trail: { key: index, up: trail } });
    } else if (typeof value === "object" && value !== null) {
      for (const [key, member] of Object.entries(value).reverse()) {
        const below = { key, up: trail };
        pending.push({ value: member, trail: below });
        yield { value: key, name: null, place: (hide) => pointer(trail, hide) };
      }
    }
  }
}

const ASSIGNED =
  /^\s{0,100}(?:-\s{1,10})?["']?([\w.-]{1,100})["']?\s{0,10}[:=]\s{0,10}["']?([^"'\s]{1,4096})["']?,?\s{0,10}$/;

/** The name and value of `NAME=value`, `name: value`. */
export function assignment(line: string): { readonly name: string; readonly value: string } | null {
  const [, name, value] = line.length > 8192 ? [] : (ASSIGNED.exec(line) ?? []);
  return name === undefined || value === undefined ? null : { name, value };
}

/** The values of a text that is JSON, else its lines. */
export function* textValues(text: string): Generator<TextValue> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    let line = 0;
    for (const value of text.split("\n")) {
      const number = ++line;
      yield { value, name: null, place: () => `:${number}` };
    }
    return;
  }
  yield* valuesOfJson(document);
}
