const MAX_PATHS = 400_000;

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
    if (held === undefined) return claimNew(key, path, "folder");
    if (held.kind !== "folder") return `${JSON.stringify(held.path)} is no folder`;
    return held.path === path ? null : `${JSON.stringify(held.path)} differs only in case`;
  }

  // Each entry of a hostile archive may bring many folders of its own.
  function claimNew(key: string, path: string, kind: Kind): string | null {
    if (claims.size >= MAX_PATHS) return `there are more than ${MAX_PATHS} files and folders`;
    claims.set(key, { path, kind });
    return null;
  }

  function has(path: string, kind: Kind): boolean {
    const held = claims.get(keyOf(path));
    return held?.path === path && held.kind === kind;
  }

  function claimFolders(path: string): string | null {
    // Where a folder was claimed, those above it were, too.
    if (has(path, "folder")) return null;
    const parts = path.split("/");
    for (let count = 1; count <= parts.length; count += 1) {
      const problem = claimFolder(parts.slice(0, count).join("/"));
      if (problem !== null) return problem;
    }
    return null;
  }

  return {
    has,
    claim(path, kind) {
      if (kind === "folder") return claimFolders(path);
      const slash = path.lastIndexOf("/");
      const problem = slash < 0 ? null : claimFolders(path.slice(0, slash));
      if (problem !== null) return problem;
      const key = keyOf(path);
      const held = claims.get(key);
      if (held === undefined) return claimNew(key, path, kind);
      return held.path === path ? "it is there twice" : `${JSON.stringify(held.path)} is the same`;
    },
  };
}
