/** What stands at a path: everything but a folder can be there only once. */
type Kind = "folder" | "file" | "link";

/** The paths of what is packed or unpacked together. */
export interface PathClaims {
  /** Takes a path, and its folders with it. A text says why that cannot be. */
  claim(path: string, kind: Kind): string | null;
  has(path: string, kind: Kind): boolean;
}

/**
 * Keeps paths apart: nothing is written twice, nor below what is no folder. Two that a file system may take for one, since
 * they differ only in case or in how accents are written, count as one.
 */
export function createPathClaims(): PathClaims {
  const claims = new Map<string, { readonly path: string; readonly kind: Kind }>();
  const keyOf = (path: string): string => path.normalize("NFC").toLowerCase();

  function claimFolder(path: string): string | null {
    const key = keyOf(path);
    const held = claims.get(key);
    if (held === undefined) {
      claims.set(key, { path, kind: "folder" });
      return null;
    }
    if (held.kind !== "folder") return `${JSON.stringify(held.path)} is no folder`;
    return held.path === path ? null : `${JSON.stringify(held.path)} differs only in case`;
  }

  return {
    claim(path, kind) {
      const parts = path.split("/");
      const folders = kind === "folder" ? parts.length : parts.length - 1;
      for (let count = 1; count <= folders; count += 1) {
        const problem = claimFolder(parts.slice(0, count).join("/"));
        if (problem !== null) return problem;
      }
      if (kind === "folder") return null;
      const held = claims.get(keyOf(path));
      if (held !== undefined)
        return held.path === path
          ? "it is there twice"
          : `${JSON.stringify(held.path)} is the same`;
      claims.set(keyOf(path), { path, kind });
      return null;
    },
    has(path, kind) {
      const held = claims.get(keyOf(path));
      return held?.path === path && held.kind === kind;
    },
  };
}
