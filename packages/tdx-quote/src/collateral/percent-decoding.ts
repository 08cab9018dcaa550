/**
 * Decodes a percent-encoded header value strictly: every `%` starts two hex digits, and `+` stays `+`, because in the
 * issuer chains of Intel's services it is a digit of base64 and not, as in forms, a space.
 *
 * @returns the text; null when an escape is broken or the decoded text is not ASCII, which PEM always is
 * Source: RFC 3986, section 2.1; Intel PCS API v4, issuer chain headers ("URL encoded PEM").
 */
export function percentDecodeAscii(text: string): string | null {
  let decoded = "";
  let from = 0;
  for (let at = text.indexOf("%"); at !== -1; at = text.indexOf("%", from)) {
    const digits = text.slice(at + 1, at + 3);
    if (!/^[0-9A-Fa-f]{2}$/.test(digits)) return null;
    decoded += text.slice(from, at) + String.fromCharCode(Number.parseInt(digits, 16));
    from = at + 3;
  }
  decoded += text.slice(from);
  // oxlint-disable-next-line no-control-regex -- ASCII is the point; control characters are for the PEM reader to refuse
  return /^[\x00-\x7f]*$/.test(decoded) ? decoded : null;
}
