/** What this browser keeps of Intel's reference data and of signed releases; that it is there is the reader's choice. */
const NAME = "mero-kept-reference-data";
/** Most answers that are kept, the oldest going first, and most characters of one. */
export const KEPT_LIMITS = { answers: 64, characters: 4 * 1024 * 1024 } as const;
/** When an answer was kept, Unix seconds. */
const KEPT_AT = "x-kept-at";

/** One store of answers, as far as it is used. */
interface AnswerCache {
  readonly match: (path: string) => Promise<Response | undefined>;
  readonly put: (path: string, answer: Response) => Promise<void>;
  readonly delete: (path: string | Request) => Promise<boolean>;
  /** The oldest first. */
  readonly keys: () => Promise<readonly Request[]>;
}

/** The part of the browser's storage that is used. */
export interface Storage {
  readonly has: (name: string) => Promise<boolean>;
  readonly open: (name: string) => Promise<AnswerCache>;
  readonly delete: (name: string) => Promise<boolean>;
}

/** An answer of the API from an earlier check. Nothing in it is verified by having been kept. */
interface KeptAnswer {
  readonly text: string;
  /** Unix seconds. */
  readonly keptAt: number;
}

/** Answers that were kept, by the path that they answer. */
export interface KeptData {
  /** Whether the reader wants anything kept. */
  readonly isOn: () => Promise<boolean>;
  /** Starts to keep, or forgets everything. */
  readonly turn: (isOn: boolean) => Promise<void>;
  readonly find: (path: string) => Promise<KeptAnswer | null>;
  /** Keeps answers, where the reader wants that. */
  readonly keep: (answers: ReadonlyMap<string, string>, now: number) => Promise<void>;
}

/** The browser's own storage; null where it has none for this page, as in a file on a disk. */
export function browserStorage(): Storage | null {
  try {
    return Reflect.get(globalThis, "caches") ?? null;
  } catch {
    // A page without an origin of its own is refused.
    return null;
  }
}

/** Makes the store. Storage that fails is as good as none: what is not kept is fetched. */
export function createKeptData(storage: Storage | null): KeptData {
  const isOn = async (): Promise<boolean> => (await storage?.has(NAME).catch(() => false)) ?? false;
  return {
    isOn,
    async turn(isWanted) {
      try {
        if (isWanted) await storage?.open(NAME);
        else await storage?.delete(NAME);
      } catch {
        // Storage is full or switched off: nothing is kept then, which is what the page shows.
      }
    },
    async find(path) {
      try {
        if (storage === null || !(await isOn())) return null;
        const kept = await (await storage.open(NAME)).match(path);
        const keptAt = Number(kept?.headers.get(KEPT_AT) ?? Number.NaN);
        return kept === undefined || !Number.isSafeInteger(keptAt) ? null : { text: await kept.text(), keptAt };
      } catch {
        return null;
      }
    },
    async keep(answers, now) {
      try {
        if (storage === null || !(await isOn())) return;
        const cache = await storage.open(NAME);
        for (const [path, text] of answers) {
          if (text.length > KEPT_LIMITS.characters) continue;
          // One that is kept again moves to the end of the queue.
          await cache.delete(path);
          await cache.put(path, new Response(text, { headers: { [KEPT_AT]: String(now) } }));
        }
        const paths = await cache.keys();
        for (const path of paths.slice(0, Math.max(0, paths.length - KEPT_LIMITS.answers))) await cache.delete(path);
      } catch {
        // Full: the next check fetches again.
      }
    },
  };
}
