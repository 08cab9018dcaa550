import { DEFAULT_REPOSITORY } from "@mero-tee/release-artifacts";

import type { SimulatedRelease } from "../sigstore/simulated-release.ts";
import { bytesAnswer, errorAnswer, jsonAnswer } from "./answer.ts";
import type { Route } from "./routes.ts";

/** What the simulated release host is made of. */
export interface ReleaseHostOptions {
  /** Made when somebody first asks: signing takes a while. */
  readonly releases: () => readonly SimulatedRelease[];
}

const DOWNLOADS = `/${DEFAULT_REPOSITORY}/releases/download/`;

/**
 * The endpoints of a release host: what GitHub answers for the releases of a repository, and the files themselves.
 *
 * Source: GitHub REST API, releases and contents.
 */
export function releaseRoutes({ releases }: ReleaseHostOptions): readonly Route[] {
  return [
    {
      method: "GET",
      path: `/repos/${DEFAULT_REPOSITORY}/releases`,
      summary: "the releases of this platform's guests, as GitHub lists releases",
      answer: () =>
        jsonAnswer(
          releases().map(({ tag, publishedAt, files }) => ({
            tag_name: tag,
            published_at: publishedAt,
            draft: false,
            prerelease: false,
            assets: [...files].map(([name, { length }]) => ({ name, size: length })),
          })),
        ),
    },
    {
      method: "GET",
      path: `/repos/${DEFAULT_REPOSITORY}/contents/compatibility-catalog.json`,
      summary: "the compatibility catalog",
      answer: () => jsonAnswer({ schema_version: 1, releases: [] }),
    },
    {
      method: "GET",
      path: `${DOWNLOADS}*`,
      summary: "a file of a release: TAG/NAME, signed by a simulated Sigstore",
      answer: ({ path }) => {
        const [tag, name, ...rest] = path.slice(DOWNLOADS.length).split("/");
        const file = releases()
          .find((release) => release.tag === tag)
          ?.files.get(name ?? "");
        if (file === undefined || rest.length > 0) return errorAnswer(404, "no such file of a release", "not-found");
        return bytesAnswer(file, "application/octet-stream");
      },
    },
  ];
}
