/** The repository whose releases are meant where nobody says otherwise. */
export const DEFAULT_REPOSITORY = "calimero-network/mero-tee";

/** The page that explains every code, under an anchor that is the code itself. */
export const CODES_PAGE: string = `https://github.com/${DEFAULT_REPOSITORY}/blob/master/docs/errors.md`;

/** Whether text names a repository, `OWNER/NAME`. */
export function isRepository(text: string): boolean {
  return /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})\/[A-Za-z0-9._-]{1,100}$/.test(text) && !/\/\.{1,2}$/.test(text);
}

/** Where an asset of a release is published. */
export function releaseAssetUrl(repository: string, tag: string, asset: string): string {
  return `https://github.com/${repository}/releases/download/${tag}/${asset}`;
}
