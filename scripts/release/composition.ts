import { readFile } from "node:fs/promises";
import type { Profile } from "../../packages/policy/src/index.ts";
import {
  type ComposeTemplate,
  describeReleaseError,
  parseComposeTemplate,
  reviewAppCompose,
  type ReviewedAppCompose,
} from "../../packages/release-artifacts/src/index.ts";
import { expectRules } from "./expect-rules.ts";
import { stopLane } from "./lane-stop.ts";

const TEMPLATE = new URL("../phala/kms-compose-template.yaml", import.meta.url);

/** The template that every composition of the KMS is filled in from. */
export async function composeTemplate(): Promise<ComposeTemplate> {
  const template = parseComposeTemplate(await readFile(TEMPLATE, "utf8"));
  if (!template.ok) throw new Error(describeReleaseError(template.error));
  return template.value;
}

/**
 * Goes on only if a composition is the reviewed template with values filled in, for this version and profile: what is not, is not
 * deployed, not even to be probed.
 */
export async function expectReviewed(
  document: Uint8Array,
  version: string,
  profile: Profile,
): Promise<ReviewedAppCompose> {
  const text = new TextDecoder().decode(document);
  expectRules({ appCompose: { document: parsed(text), version, profile } }, ["G-10"]);
  const reviewed = reviewAppCompose(await composeTemplate(), document);
  if (!reviewed.ok) return stopLane("rules-broken", reviewed.error.map(describeReleaseError).join(" "), ["G-10"]);
  return reviewed.value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The rule says what is missing in a document that is none.
    return {};
  }
}
