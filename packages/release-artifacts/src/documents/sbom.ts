import { list, object, type Shape, text, word } from "./document-shape.ts";
import { time } from "./release-fields.ts";

/** The part of an SPDX document that a release depends on. Source: SPDX 2.3, document creation information. */
export interface Sbom {
  readonly spdxVersion: "SPDX-2.3";
  readonly documentNamespace: string;
  readonly creationInfo: { readonly created: string; readonly creators: readonly string[] };
}

/** Shape of {@link Sbom}. */
export const sbom: Shape<Sbom> = object<Sbom>({
  spdxVersion: word(["SPDX-2.3"]),
  documentNamespace: text,
  creationInfo: object<Sbom["creationInfo"]>({ created: time, creators: list(text) }),
});
