/** The lines of a text, one after the other: a list of all of them would be as large as the text. */
export function* linesOf(text: string): Generator<string, void, undefined> {
  for (let at = 0; at <= text.length; ) {
    const end = text.indexOf("\n", at);
    yield end === -1 ? text.slice(at) : text.slice(at, end);
    if (end === -1) return;
    at = end + 1;
  }
}
