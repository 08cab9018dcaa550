// RFC 9110, section 5.6.2.
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const JSON_MEDIA_TYPE = new RegExp(`^\\s*application/(?:json|${TOKEN}\\+json)\\s*(?:;|$)`, "i");

/** Whether a `Content-Type` is `application/json` or `application/*+json`, with any parameters. */
export function isJsonMediaType(contentType: string | undefined): boolean {
  return contentType !== undefined && JSON_MEDIA_TYPE.test(contentType);
}
