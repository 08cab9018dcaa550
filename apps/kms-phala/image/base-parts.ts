import { z } from "zod";
import lock from "./base.lock.json" with { type: "json" };

/** A package from which files of the image come. */
export interface BasePart {
  readonly kind: "deb" | "npm";
  readonly name: string;
  readonly version: string;
  /** Path below a Debian mirror, or the package as npm names it. */
  readonly source: string;
  readonly sha256: string;
  /** SPDX expression of what is taken. */
  readonly license: string;
  /** Files to take: where each stands in the image, and where in the package. */
  readonly members: Readonly<Record<string, string>>;
}

interface Base {
  readonly architecture: "amd64";
  readonly distribution: string;
  readonly parts: readonly BasePart[];
}

const lockSchema: z.ZodType<Base> = z.strictObject({
  architecture: z.literal("amd64"),
  distribution: z.string(),
  parts: z.array(
    z.strictObject({
      kind: z.enum(["deb", "npm"]),
      name: z.string(),
      version: z.string(),
      source: z.string(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      license: z.string(),
      members: z.record(z.string().regex(/^(?:[a-z0-9][A-Za-z0-9._+-]*\/)+[A-Za-z0-9][A-Za-z0-9._+-]*$/), z.string()),
    }),
  ),
});

/** Everything in the image that is not of this project, by digest. */
export const BASE: Base = lockSchema.parse(lock);

/** Name of the file in which a part is kept. */
export function partFile({ kind, name, version }: BasePart): string {
  return kind === "deb" ? `${name}_${version}_${BASE.architecture}.deb` : `${name}-${version}.tgz`;
}
