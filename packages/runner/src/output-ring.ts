/** Characters kept from the beginning of a stream. */
export const HEAD_CHARACTERS = 64 * 1024;

/** Characters kept from the end of a stream. */
export const TAIL_CHARACTERS = 256 * 1024;

/**
 * Keeps the first and the last part of a stream of text in bounded memory, so that a flood of output costs nothing:
 * the reason for a failure is nearly always in one of the two.
 */
export class OutputRing {
  #head = "";
  #tail: string[] = [];
  #tailLength = 0;
  #dropped = 0;

  /** Adds text at the end. */
  append(text: string): void {
    let rest = text;
    const room = HEAD_CHARACTERS - this.#head.length;
    if (room > 0) {
      this.#head += rest.slice(0, room);
      rest = rest.slice(room);
    }
    if (rest.length === 0) return;
    this.#tail.push(rest);
    this.#tailLength += rest.length;
    let first = this.#tail[0];
    while (first !== undefined && this.#tailLength - first.length >= TAIL_CHARACTERS) {
      this.#tail.shift();
      this.#tailLength -= first.length;
      this.#dropped += first.length;
      first = this.#tail[0];
    }
  }

  /** Whether text was left out. */
  get truncated(): boolean {
    return this.#dropped + this.#tailLength > TAIL_CHARACTERS;
  }

  /** What was kept; where something was left out, a line in the middle says how much. */
  text(): string {
    const tail = this.#tail.join("");
    const surplus = Math.max(0, tail.length - TAIL_CHARACTERS);
    const left = this.#dropped + surplus;
    if (left === 0) return this.#head + tail;
    const kept = tail.slice(surplus).toWellFormed();
    return `${this.#head.toWellFormed()}\n[... ${left} characters left out ...]\n${kept}`;
  }
}
