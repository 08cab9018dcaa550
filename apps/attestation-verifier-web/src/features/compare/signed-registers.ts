import type { RegisterComparison, Report } from "@mero-tee/appraisal";

/** The family that a tag is of says what evidence is compared with it, where the evidence does not say so itself. */
export function kindOfTag(tag: string): "kms" | "node" {
  return tag.startsWith("mero-tee-") ? "node" : "kms";
}

/**
 * The registers beside a release's values, if its signatures hold.
 *
 * @returns empty otherwise: what nobody signed is not shown as what a release says
 */
export function signedRegisters({ steps, facts }: Report): readonly RegisterComparison[] {
  const signature = steps.find(({ id }) => id === "rel.sigstore")?.status;
  return signature === "pass" || signature === "warn" ? facts.registers : [];
}
