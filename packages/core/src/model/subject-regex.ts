/** Says whether a subject matches a regular expression as a whole; a source that is none matches nothing. */
export type SubjectRegexMatcher = (source: string, subject: string) => boolean;

/**
 * Loads the engine for `subject_regex`: RE2 syntax, whose time grows with the text alone, so that neither a pattern nor a
 * certificate can hang a verification. Only a manifest that has such a pattern pays for loading it.
 */
export async function loadSubjectRegex(): Promise<{
  /** Whether the engine can use a source; look-around and back-references are not regular. */
  readonly isRegex: (source: string) => boolean;
  readonly matches: SubjectRegexMatcher;
}> {
  const { RE2JS } = await import("re2js");
  type Compiled = ReturnType<typeof RE2JS.compile>;
  const known = new Map<string, Compiled | null>();
  const compile = (source: string): Compiled | null => {
    const found = known.get(source);
    if (found !== undefined) return found;
    let compiled: Compiled | null = null;
    try {
      compiled = RE2JS.compile(source);
    } catch {
      // The engine's own words are about its parser; the caller says which key of the manifest is wrong.
    }
    known.set(source, compiled);
    return compiled;
  };
  return {
    isRegex: (source) => compile(source) !== null,
    matches: (source, subject) => compile(source)?.matches(subject) ?? false,
  };
}
