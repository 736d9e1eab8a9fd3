/** A character that XML 1.0 does not allow: control characters, and two that are none. */
const ILLEGAL = /[^\t\n\r\x20-\ufffd]/g;
/** Where a comment or a CDATA section begins: ampersands stand for themselves there. */
const SECTION = /<!--|<!\[CDATA\[/g;
/** An ampersand that begins no reference by name, and a reference by number. No entity that is known has a longer name. */
const AMPERSAND = /&(?:#x([0-9a-f]{1,8});|#([0-9]{1,8});|(?![A-Za-z_:][\w:.-]{0,255};))/gi;
/** What a part may end with that is only understood with the next one. */
const UNFINISHED = /(?:&[#\w:.-]{0,257}|<(?:!(?:-|\[(?:C(?:D(?:A(?:T(?:A)?)?)?)?)?)?)?)$/;
/** A report that needs more of it is no report of a test program. */
const MAX_REPAIRS = 1_000_000;
/** Longer than what {@link UNFINISHED} matches. */
const LOOK_BACK = 260;

/**
 * Repairs what test programs get wrong most often, in XML that comes in parts: control characters (raw or as references)
 * become U+FFFD, a bare `&` becomes `&amp;`. Markup is not repaired.
 */
export class XmlRepair {
  /** How many illegal characters and bare ampersands were replaced. */
  sanitised = 0;
  /** Whether U+FFFD stands in what was returned so far: replaced here, while decoding, or by whoever wrote the report. */
  hasReplacement = false;
  #held = "";
  /** What ends the comment or CDATA section that is open. */
  #until: "-->" | "]]>" | null = null;

  /**
   * Returns what is certain by now of this part and of those before it; all of it for the `last`.
   *
   * @throws {RangeError} when there is too much to repair.
   */
  write(part: string, last: boolean): string {
    const legal = part.replace(ILLEGAL, () => this.#replaced("\ufffd"));
    const text = this.#held === "" ? legal : `${this.#held}${legal}`;
    this.#held = "";
    const repaired = this.#repair(text, last);
    if (this.sanitised > MAX_REPAIRS)
      throw new RangeError(`more than ${MAX_REPAIRS} illegal characters stand in it`);
    this.hasReplacement ||= repaired.includes("\ufffd");
    return repaired;
  }

  #repair(text: string, last: boolean): string {
    let out = "";
    let at = 0;
    for (;;) {
      if (this.#until !== null) {
        const end = text.indexOf(this.#until, at);
        if (end === -1) {
          const keep = last ? text.length : Math.max(at, text.length - this.#until.length + 1);
          this.#held = text.slice(keep);
          return `${out}${text.slice(at, keep)}`;
        }
        out += text.slice(at, end + this.#until.length);
        at = end + this.#until.length;
        this.#until = null;
      }
      SECTION.lastIndex = at;
      const section = SECTION.exec(text);
      if (section === null) break;
      const begins = section.index + section[0].length;
      out += `${this.#references(text.slice(at, section.index))}${section[0]}`;
      this.#until = section[0] === "<!--" ? "-->" : "]]>";
      at = begins;
    }
    const end = last ? text.length : at + certain(text.slice(at));
    this.#held = text.slice(end);
    return `${out}${this.#references(text.slice(at, end))}`;
  }

  #references(text: string): string {
    if (!text.includes("&")) return text;
    return text.replace(AMPERSAND, (found: string, hex?: string, decimal?: string) => {
      if (found === "&") return this.#replaced("&amp;");
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      if (code === 0xfffd) this.hasReplacement = true;
      return isXmlCharacter(code) ? found : this.#replaced("\ufffd");
    });
  }

  #replaced(by: string): string {
    this.sanitised += 1;
    return by;
  }
}

/** How many characters of a text do not depend on what follows. */
function certain(text: string): number {
  const end = text.slice(-LOOK_BACK);
  return text.length - (UNFINISHED.exec(end)?.[0].length ?? 0);
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
