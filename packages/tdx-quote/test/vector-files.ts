import { loadVectorFolder } from "./browser/vector-command.ts";

/**
 * The real quotes and collateral, by path in their folder, wherever the tests run: Node reads the folder, a browser asks the
 * test server for it. Null on a machine that does not have them; they are not part of the repository.
 */
async function loadVectorFiles(): Promise<ReadonlyMap<string, Uint8Array> | null> {
  if ("document" in globalThis) return await loadVectorFolder();
  const { readVectorFolder } = await import("./vector-folder.ts");
  return readVectorFolder();
}

export const VECTOR_FILES: ReadonlyMap<string, Uint8Array> | null = await loadVectorFiles();
