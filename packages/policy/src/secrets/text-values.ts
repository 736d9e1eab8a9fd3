/** One value of a text: a string of JSON, or a line. Its place can be asked for until the next value is. */
export interface TextValue {
  readonly value: string;
  /** The name that the value stands under; `null`: under none. */
  readonly name: string | null;
  /** Where it is in the text, by keys or by the number of its line. */
  readonly place: (hide: (key: string) => string) => string;
}

/** A list or a map that is being gone through. */
interface Frame {
  readonly node: object;
  /** `null` for a list. */
  readonly keys: readonly string[] | null;
  readonly length: number;
  /** The entry that comes next. */
  next: number;
}

function frameOf(node: object): Frame {
  if (Array.isArray(node)) return { node, keys: null, length: node.length, next: 0 };
  const keys = Object.keys(node);
  return { node, keys, length: keys.length, next: 0 };
}

function keyOf({ keys, next }: Frame): string {
  return keys?.[next - 1] ?? String(next - 1);
}

function pointer(frames: readonly Frame[], hide: (key: string) => string): string {
  return `#/${frames.map((frame) => hide(keyOf(frame)).replaceAll("/", "~1")).join("/")}`;
}

// Without recursion, and without a copy: how deep and how wide a document is, is up to whoever wrote it.
function* valuesOfJson(document: unknown): Generator<TextValue> {
  if (typeof document === "string")
    yield { value: document, name: null, place: (hide) => pointer([], hide) };
  if (typeof document !== "object" || document === null) return;
  const frames = [frameOf(document)];
  for (let frame = frames.at(-1); frame; frame = frames.at(-1)) {
    if (frame.next === frame.length) {
      frames.pop();
      continue;
    }
    const key = frame.keys?.[frame.next] ?? frame.next;
    frame.next++;
    const above = frames.length - 1;
    if (typeof key === "string")
      yield { value: key, name: null, place: (hide) => pointer(frames.slice(0, above), hide) };
    const value = (frame.node as Readonly<Record<string | number, unknown>>)[key];
    if (typeof value === "string") {
      const name = typeof key === "string" ? key : null;
      yield { value, name, place: (hide) => pointer(frames, hide) };
    } else if (typeof value === "object" && value !== null) frames.push(frameOf(value));
  }
}

const ASSIGNED =
  /^\s{0,100}(?:-\s{1,10})?["']?([\w.-]{1,100})["']?\s{0,10}[:=]\s{0,10}["']?([^"'\s]{1,4096})["']?,?\s{0,10}$/;

/** The name and value of `NAME=value`, `name: value`. */
export function assignment(line: string): { readonly name: string; readonly value: string } | null {
  const [, name, value] = line.length > 8192 ? [] : (ASSIGNED.exec(line) ?? []);
  return name === undefined || value === undefined ? null : { name, value };
}

function* linesOf(text: string): Generator<TextValue> {
  let number = 0;
  for (let from = 0; from <= text.length; ) {
    const end = text.indexOf("\n", from);
    const to = end < 0 ? text.length : end;
    const line = ++number;
    yield { value: text.slice(from, to), name: null, place: () => `:${line}` };
    from = to + 1;
  }
}

/** The values of a text that is JSON, else its lines. */
export function* textValues(text: string): Generator<TextValue> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    yield* linesOf(text);
    return;
  }
  yield* valuesOfJson(document);
}
