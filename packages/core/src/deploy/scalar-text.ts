import { Scalar } from "yaml";

// Letters first, so that no reader of YAML 1.1 or 1.2 takes it for a number, a time or something else than text.
const PLAIN = /^[A-Za-z][\w./@+-]*(?::[\w./@+-]+)*(?:=[\w./@:+-]+)?$/;
const WORDS = /^(?:y|n|yes|no|on|off|true|false|null)$/i;

/** Whether a text can stand in YAML without quotes, for readers of both versions. */
function isPlain(text: string): boolean {
  return PLAIN.test(text) && !WORDS.test(text);
}

/** Writes a text as a YAML scalar, in the quotes that were there before; `null`: that style holds no such text. */
export function scalarText(value: string, before: Scalar.Type | undefined): string | null {
  if (before === Scalar.QUOTE_SINGLE) return `'${value.replaceAll("'", "''")}'`;
  if (before === Scalar.QUOTE_DOUBLE) return JSON.stringify(value);
  if (before === Scalar.BLOCK_FOLDED || before === Scalar.BLOCK_LITERAL) return null;
  return isPlain(value) ? value : JSON.stringify(value);
}

/** The same as a node, for documents that are written anew. */
export function scalarNode(value: string): Scalar<string> {
  const node = new Scalar(value);
  if (!isPlain(value)) node.type = Scalar.QUOTE_DOUBLE;
  return node;
}
