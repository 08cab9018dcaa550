import { type EventLog, findRuntimeEvent } from "@mero-tee/tdx-quote";
import { isJsonObject, parseStrictJson } from "@mero-tee/tdx-quote/json";

/** Who gives a dstack guest its keys. */
export interface KeyProvider {
  readonly name: string;
  readonly id: string;
}

/** Why the event does not say who it is, as a clause. */
export interface KeyProviderProblem {
  readonly problem: string;
}

/**
 * Reads the `key-provider` event of a log from before the application started: JSON with a name and an id.
 *
 * @returns null where there is no such event
 */
export function readKeyProvider(log: EventLog): KeyProvider | KeyProviderProblem | null {
  const event = findRuntimeEvent(log, "key-provider", "before-ready");
  if (!event.ok) return { problem: "stands there more than once" };
  if (event.value === null) return null;
  const json = parseStrictJson(event.value);
  if (!json.ok || !isJsonObject(json.value)) return { problem: "is no JSON object" };
  const [name, id] = [json.value.get("name"), json.value.get("id")];
  if (typeof name !== "string" || typeof id !== "string") return { problem: "has no name or no id" };
  return { name, id };
}
