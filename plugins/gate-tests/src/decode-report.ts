import { decodeText } from "@floe/gate-kit";

/** Text of a report, fit for an XML parser. */
export interface DecodedReport {
  readonly text: string;
  /** How many illegal characters and bare ampersands were replaced. */
  readonly sanitised: number;
}

/**
 * Decodes a report and repairs what test programs get wrong most often: control characters (raw or as references)
 * become U+FFFD, a bare `&` becomes `&amp;`. Markup is not repaired.
 *
 * @throws {ReportProblem} for an empty report, for one with a hole in it, and for an encoding that cannot be decoded.
 */
export function decodeReport(path: string, bytes: Uint8Array): DecodedReport {
  const decoded = decodeText(path, bytes, { encoding: declaredEncoding(bytes) });
  let sanitised = 0;
  const replaced = (by: string): string => {
    sanitised += 1;
    return by;
  };
  const legal = decoded.toWellFormed().replace(
    // Every control character that XML 1.0 does not allow.
    /(?![\t\n\r\u007f-\u009f])\p{Cc}|[\ufffe\uffff]/gu,
    () => replaced("\ufffd"),
  );
  const text = legal.replace(
    // Ampersands stand for themselves in comments and CDATA sections.
    /<!--[\s\S]*?(?:-->|$)|<!\[CDATA\[[\s\S]*?(?:\]\]>|$)|&(?:#x([0-9a-f]{1,8});|#([0-9]{1,8});|(?![A-Za-z_:][\w:.-]*;))/gi,
    (found: string, hex?: string, decimal?: string) => {
      if (found === "&") return replaced("&amp;");
      if (hex === undefined && decimal === undefined) return found;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return isXmlCharacter(code) ? found : replaced("\ufffd");
    },
  );
  return { text, sanitised };
}

/** Bytes in which the declaration can be read at all are not UTF-16, whatever it says (some writers say so). */
function declaredEncoding(bytes: Uint8Array): string {
  const start = Buffer.from(bytes.subarray(0, 200)).toString("latin1");
  const declared = /^\s*<\?xml[^>]*\bencoding\s*=\s*["']([\w.:-]+)["']/.exec(start)?.[1] ?? "utf-8";
  return /^(?:utf-?16|ucs-?2)/i.test(declared) ? "utf-8" : declared;
}

function isXmlCharacter(code: number): boolean {
  return (
    code === 0x9 ||
    code === 0xa ||
    code === 0xd ||
    (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    (code >= 0x10000 && code <= 0x10ffff)
  );
}
