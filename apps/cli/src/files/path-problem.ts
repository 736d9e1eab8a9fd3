/** The longest layer title that is written to a disk. */
export const MAX_TITLE_BYTES = 255;
/** The longest path inside a folder that was packed. */
export const MAX_PATH_BYTES = 4096;
const MAX_NAME_BYTES = 255;
const MAX_DEPTH = 100;

// What Windows takes for a device, whatever the ending.
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;
// Names that some file system takes for the folder that git runs hooks from.
const GIT = /^(?:\.git|git~\d+)$/i;

/**
 * Says why a path is not written to, or packed from, a disk: whoever made an artifact chose it, and everybody who pulls it
 * shall get the same files. `null`: it is a plain relative path, with slashes.
 */
export function pathProblem(path: string, maxBytes: number): string | null {
  if (path === "") return "it is empty";
  if (!path.isWellFormed()) return "it is not valid Unicode";
  if (Buffer.byteLength(path) > maxBytes) return `it is longer than ${maxBytes} bytes`;
  if (/\p{Cc}/u.test(path)) return "it has control characters";
  if (path.includes("\\")) return "it has a backslash";
  if (path.startsWith("/") || /^[a-z]:/i.test(path)) return "it is not a plain relative path";
  const parts = path.split("/");
  if (parts.length > MAX_DEPTH) return `it is more than ${MAX_DEPTH} folders deep`;
  for (const part of parts) {
    if (part === "" || part === "." || part === "..") return "it is not a plain relative path";
    if (Buffer.byteLength(part) > MAX_NAME_BYTES)
      return `a name in it is longer than ${MAX_NAME_BYTES} bytes`;
    if (DEVICE.test(part)) return "Windows takes it for a device";
    if (/[. ]$/.test(part))
      return "a name that ends with a dot or a space is another one on Windows";
    // Some file systems leave characters that cannot be seen out of names.
    if (GIT.test(part.replace(/\p{Default_Ignorable_Code_Point}/gu, "")))
      return "git would run what is in such a folder";
  }
  return process.platform === "win32" && path.includes(":") ? "it has a colon" : null;
}
