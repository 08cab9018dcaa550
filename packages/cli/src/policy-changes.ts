import type { PolicyListChange } from "@mero-tee/release-artifacts";

import type { Paint } from "./paint.ts";
import { printable } from "./printable.ts";

/** Changes of a policy for people: what went and what came, under its path. */
export function policyChangesText(changes: readonly PolicyListChange[], paint: Paint): string {
  if (changes.length === 0) return "No difference.\n";
  return changes
    .map(({ path, added, removed }) => {
      const lines = [
        ...removed.map((value) => paint.bad(`  - ${printable(value)}`)),
        ...added.map((value) => paint.good(`  + ${printable(value)}`)),
      ];
      return `${paint.strong(printable(path))}\n${lines.join("\n")}\n`;
    })
    .join("");
}
