import { readdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { INDEX_FILE } from "./index-file.ts";
import {
  createLayoutFolder,
  type LayoutFolder,
  makeFolderDurably,
  readWhole,
} from "./layout-folder.ts";
import { emptyIndex, serialiseIndex } from "./layout-index.ts";
import { LOCK_FILE, type LockOptions, withLayoutLock } from "./layout-lock.ts";
import { asObject } from "./manifest-facts.ts";
import { invalidStore, isAbsent, isSystemError } from "./store-error.ts";

const LAYOUT_FILE = "oci-layout";
const LAYOUT_VERSION = "1.0.0";
/**
 * What a creation that was cut off may have left, and what it may therefore go on from; `oci-layout` too, since another
 * process may finish making the layout between two looks at the folder.
 */
const OWN_NAME = /^(?:\.floe-[0-9a-z-]+\.tmp|index\.json|blobs|oci-layout)$/;

/**
 * Opens a folder as an OCI image layout; `null` when there is none.
 * @throws {FloeError} FLOE_STORE_INVALID - the path is no folder, or holds a layout of another version
 */
export async function openLayout(path: string, random: () => number): Promise<LayoutFolder | null> {
  const root = await realFolder(path);
  if (root === null) return null;
  const folder = createLayoutFolder(root, random);
  return (await isLayout(folder)) ? folder : null;
}

/**
 * Makes a folder an OCI image layout, and the folder itself when it is absent. Its `oci-layout` file comes last, so
 * that nobody takes a half-made folder for a layout. Does nothing to a folder that is one already.
 * @throws {FloeError} FLOE_STORE_INVALID - the folder holds something else
 */
export async function makeLayout(path: string, lock: LockOptions): Promise<LayoutFolder> {
  const made = await openLayout(path, lock.random);
  if (made !== null) return made;
  await refuseForeignContent(path);
  await makeFolderDurably(path);
  const folder = createLayoutFolder(await realpath(path), lock.random);
  return await withLayoutLock(folder.root, lock, async () => {
    if (await isLayout(folder)) return folder;
    await folder.makeFolder(join("blobs", "sha256"));
    if ((await folder.stat(INDEX_FILE)) === null)
      await write(folder, INDEX_FILE, serialiseIndex(emptyIndex()));
    const version = JSON.stringify({ imageLayoutVersion: LAYOUT_VERSION });
    await write(folder, LAYOUT_FILE, new TextEncoder().encode(version));
    return folder;
  });
}

/** FLOE_STORE_INVALID for a path where no layout is. */
export function noLayout(path: string): Error {
  return invalidStore(
    `there is no OCI image layout at ${path}`,
    "Check the path. `floe init` makes an embedded registry folder.",
  );
}

async function realFolder(path: string): Promise<string | null> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isAbsent(error)) return null;
    if (isSystemError(error) && error.code === "ENOTDIR") throw notAFolder(path, error);
    throw error;
  }
}

async function isLayout(folder: LayoutFolder): Promise<boolean> {
  const path = join(folder.root, LAYOUT_FILE);
  const handle = await folder.open(LAYOUT_FILE).catch((error: unknown) => {
    if (isSystemError(error) && error.code === "ENOTDIR") throw notAFolder(folder.root, error);
    throw error;
  });
  if (handle === null) return false;
  try {
    const text = new TextDecoder().decode(await readWhole(handle, path, 64 * 1024));
    const version = asObject(JSON.parse(text))?.["imageLayoutVersion"];
    if (version === LAYOUT_VERSION) return true;
    throw invalidStore(
      `${path} says imageLayoutVersion ${JSON.stringify(version) ?? "nothing"}; floe knows ${LAYOUT_VERSION}`,
      "Copy the artifacts into a new layout with a tool that reads this version.",
    );
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw invalidStore(
      `${path} is not JSON`,
      `It should hold {"imageLayoutVersion":"${LAYOUT_VERSION}"}.`,
      error,
    );
  } finally {
    await handle.close();
  }
}

async function refuseForeignContent(path: string): Promise<void> {
  const names = await readdir(path).catch((error: unknown) => {
    if (isAbsent(error)) return [];
    if (isSystemError(error) && error.code === "ENOTDIR") throw notAFolder(path, error);
    throw error;
  });
  const foreign = names.find((name) => name !== LOCK_FILE && !OWN_NAME.test(name));
  if (foreign === undefined) return;
  throw invalidStore(
    `${path} holds ${JSON.stringify(foreign)} and is not an OCI image layout`,
    "Give the path of an empty folder, or of one that does not exist yet.",
  );
}

function notAFolder(path: string, cause: unknown): Error {
  return invalidStore(`${path} is not a folder`, "An OCI image layout is a folder.", cause);
}

async function write(folder: LayoutFolder, name: string, bytes: Uint8Array): Promise<void> {
  const temp = await folder.createTemp();
  try {
    await temp.handle.writeFile(bytes);
    await temp.commit(join(folder.root, name));
  } catch (error) {
    await temp.discard();
    throw error;
  }
}
