/**
 * Whether a name matches a glob: `*` is any text without `/`, `**` any text, `?` one character. Everything else stands
 * for itself, so that class names and titles need no escaping.
 */
export function matchName(glob: string, name: string): boolean {
  const pattern = glob.replace(/\*\*\/?|\*|\?|[^*?]+/g, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    if (part === "?") return "[^/]";
    return part.replace(/[$()+.[\]^{|}\\/]/g, "\\$&");
  });
  return new RegExp(`^${pattern}$`, "su").test(name);
}
