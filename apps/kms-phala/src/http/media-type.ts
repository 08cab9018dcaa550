// RFC 9110, section 5.6.2.
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const JSON_MEDIA_TYPE = new RegExp(`^\\s*application/(?:json|${TOKEN}\\+json)\\s*(?:;|$)`, "i");

/** The media type of every answer: JSON has no charset parameter (RFC 8259, section 11), and the wire names the bare type. */
export const ANSWER_MEDIA_TYPE = "application/json";

/** Whether a `Content-Type` is `application/json` or `application/*+json`, with any parameters. */
export function isJsonMediaType(contentType: string | undefined): boolean {
  return contentType !== undefined && JSON_MEDIA_TYPE.test(contentType);
}
