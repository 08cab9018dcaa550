import { useEffect, useState } from "react";

/**
 * What a loader gives, once it does; `before` until then. A loader that was replaced has no say any more.
 *
 * @param load - null: nothing is wanted. A new function loads anew, so it has to be kept between renderings.
 */
export function useLoaded<T>(load: (() => Promise<T>) | null, before: T): T {
  const [loaded, setLoaded] = useState<{ readonly by: unknown; readonly value: T } | null>(null);
  useEffect(() => {
    let isWanted = load !== null;
    async function run(): Promise<void> {
      if (load === null) return;
      const value = await load();
      if (isWanted) setLoaded({ by: load, value });
    }
    void run();
    return () => {
      isWanted = false;
    };
  }, [load]);
  return loaded !== null && loaded.by === load ? loaded.value : before;
}
