import { type JsonValue, parseStrictJson, toPlainJson } from "@mero-tee/tdx-quote/json";
import { formatRfc3339Utc } from "@mero-tee/tdx-quote";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { browserStorage, createKeptData, type KeptData } from "../kept-data-store.ts";
import { getFromApi } from "./api-client.ts";
import type { Problem } from "./protocol.ts";

/** Reference data, fetched or kept. Nothing in it is verified. */
interface ReferenceAnswer {
  readonly json: JsonValue;
  /** Since when it is kept in this browser, as a clause; empty where it was fetched. */
  readonly age: string;
}

/** `network`: asks the API, and takes what is kept where it does not answer. `kept`: asks nobody. */
export type Reach = "network" | "kept";

/** Gets the reference data of one check: Intel's documents, and released files. */
export interface ReferenceSource {
  readonly get: (path: string, reach: Reach) => Promise<Result<ReferenceAnswer, Problem>>;
  /** Notes an answer that came by another way than its own path. */
  readonly note: (path: string, text: string) => void;
  /** Keeps the answers of this check to these paths, where the reader wants that. */
  readonly keep: (isWorthKeeping: (path: string) => boolean, now: number) => Promise<void>;
}

const NOT_KEPT: Problem = { code: "unreachable", facts: [], retryAfterSeconds: null };

/** Makes the source for one check. Only what is kept on purpose outlives it. */
export function createReferenceSource(kept: KeptData = createKeptData(browserStorage())): ReferenceSource {
  const answers = new Map<string, string>();
  const recall = async (path: string, problem: Problem): Promise<Result<ReferenceAnswer, Problem>> => {
    const found = await kept.find(path);
    const json = found === null ? null : parseStrictJson(found.text);
    if (found === null || json?.ok !== true) return err(problem);
    return ok({ json: json.value, age: `, kept in this browser since ${formatRfc3339Utc(found.keptAt)}` });
  };
  return {
    async get(path, reach) {
      if (reach === "kept") return await recall(path, NOT_KEPT);
      const asked = await getFromApi(path);
      // That there is no such release is an answer, and not to be replaced by an older one.
      if (!asked.ok) return asked.error.code === "release_not_found" ? asked : await recall(path, asked.error);
      answers.set(path, JSON.stringify(toPlainJson(asked.value.json)));
      return ok({ json: asked.value.json, age: "" });
    },
    note: (path, text) => void answers.set(path, text),
    async keep(isWorthKeeping, now) {
      await kept.keep(new Map([...answers].filter(([path]) => isWorthKeeping(path))), now);
    },
  };
}
