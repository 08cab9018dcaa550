/** The vectors as the test server sends them: paths with their bytes in base64, since its channel carries JSON. */
type SentVectors = readonly (readonly [path: string, base64: string])[] | null;

declare module "vitest/browser" {
  interface BrowserCommands {
    /** Runs on the test server, in Node. Takes no path, so that no page can read another folder with it. */
    readonly readVectorFolder: () => Promise<SentVectors>;
  }
}

/** Asks the test server for the vectors. Browser only. */
export async function loadVectorFolder(): Promise<ReadonlyMap<string, Uint8Array> | null> {
  const { commands } = await import("vitest/browser");
  const sent = await commands.readVectorFolder();
  if (sent === null) return null;
  return new Map(sent.map(([path, base64]) => [path, Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))]));
}
