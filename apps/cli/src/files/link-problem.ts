import { MAX_PATH_BYTES } from "./path-problem.ts";

/**
 * Says why a symbolic link is neither packed nor unpacked; `null`: it is relative and stays in its folder.
 *
 * `..` counts only at the beginning, where it leads through real folders. After a name it could lead through another link,
 * and so out of the folder although it does not look like that.
 * @param path of the link, from the folder that it has to stay in
 */
export function linkProblem(path: string, target: string): string | null {
  if (target === "" || Buffer.byteLength(target) > MAX_PATH_BYTES)
    return "its target has no usable length";
  if (/[\p{Cc}\\]/u.test(target)) return "its target has control characters or a backslash";
  if (target.startsWith("/") || /^[a-z]:/i.test(target)) return "it leads to an absolute path";
  const parts = target.split("/").filter((part) => part !== "" && part !== ".");
  const first = parts.findIndex((part) => part !== "..");
  const names = first < 0 ? [] : parts.slice(first);
  if (names.includes("..")) return "its target goes down and up again";
  const up = parts.length - names.length;
  return up > path.split("/").length - 1 ? "it leads out of the folder" : null;
}
