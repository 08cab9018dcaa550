import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright";

/** Everything that axe finds under the rules of WCAG 2.2 AA and its best practices. */
export async function findings(page: Page): Promise<readonly string[]> {
  const tags = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"];
  // The page has no frames, so it is judged in one go, and without the lists of what is in order, which nobody reads.
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ["violations"] });
  const { violations } = await axe.withTags(tags).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
}
