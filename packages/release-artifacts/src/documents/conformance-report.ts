import type { Profile } from "@mero-tee/policy";

import { list, object, type Shape, schemaVersion, text } from "./document-shape.ts";
import { profileName } from "./release-fields.ts";

/**
 * `conformance-<profile>.json`: what was asserted about the finished file tree of an image.
 *
 * Source: docs/node-images.md.
 */
export interface ConformanceReport {
  readonly schema_version: 1;
  readonly profile: Profile;
  readonly checks: readonly ConformanceCheck[];
}

/** One assertion and what came of it. */
interface ConformanceCheck {
  readonly id: string;
  readonly requirement: string;
  readonly status: string;
  readonly detail: string;
}

/** Shape of {@link ConformanceReport}. */
export const conformanceReport: Shape<ConformanceReport> = object<ConformanceReport>({
  schema_version: schemaVersion,
  profile: profileName,
  checks: list(object<ConformanceCheck>({ id: text, requirement: text, status: text, detail: text })),
});
