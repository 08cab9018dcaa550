import { matching, object, type Shape } from "./document-shape.ts";
import { version } from "./release-fields.ts";

/**
 * `versions.json`: what the node image is built from.
 *
 * Source: docs/releases.md, rule G-06.
 */
export interface VersionsManifest {
  readonly imageVersion: string;
  readonly merodVersion: string;
  readonly traefikVersion: string;
  readonly nodeExporterVersion: string;
  readonly vmagentVersion: string;
  readonly vectorVersion: string;
}

const component: Shape<string> = matching(/^v?\d+(?:\.\d+){1,3}(?:-[0-9A-Za-z.]+)?$/, "a pinned version such as 3.1.4");

/** Shape of {@link VersionsManifest}. */
export const versionsManifest: Shape<VersionsManifest> = object<VersionsManifest>({
  imageVersion: version,
  merodVersion: component,
  traefikVersion: component,
  nodeExporterVersion: component,
  vmagentVersion: component,
  vectorVersion: component,
});
