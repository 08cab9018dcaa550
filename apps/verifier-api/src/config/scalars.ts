import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

/** Makes a parser of decimal integers in `minimum..maximum`, digits only. */
export function wholeNumber(minimum: number, maximum: number): (text: string) => Result<number, string> {
  return (text) => {
    const value = /^[0-9]{1,12}$/.test(text) ? Number(text) : Number.NaN;
    return value >= minimum && value <= maximum ? ok(value) : err(`must be a whole number in ${minimum}..${maximum}`);
  };
}

/** `1` or `0`. */
export function parseSwitch(text: string): Result<boolean, string> {
  return text === "1" ? ok(true) : text === "0" ? ok(false) : err("must be 1 or 0");
}

/** A comma list of TCP ports. */
export function parsePorts(text: string): Result<readonly number[], string> {
  const ports = text.split(",").map((port) => wholeNumber(1, 65_535)(port.trim()));
  const values = ports.flatMap((port) => (port.ok ? [port.value] : []));
  return values.length === ports.length ? ok(values) : err("must be a comma list of ports, 1..65535");
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A comma list of UUIDs in lower or upper case, given back in lower case. */
export function parseUuids(text: string): Result<readonly string[], string> {
  const ids = text.split(",").map((id) => id.trim().toLowerCase());
  return ids.every((id) => UUID.test(id)) && ids.length <= 10
    ? ok(ids)
    : err("must be a comma list of at most 10 UUIDs");
}

/** A comma list of origins as browsers write them, `https://host[:port]`. */
export function parseOrigins(text: string): Result<readonly string[], string> {
  const origins = text.split(",").map((origin) => origin.trim());
  return origins.every((origin) => URL.parse(origin)?.origin === origin && /^https?:/.test(origin))
    ? ok(origins)
    : err("must be a comma list of origins, https://host[:port], no path");
}

/** Printable ASCII without blanks: what may stand in a header. */
export function parseSecret(text: string): Result<string, string> {
  return /^[\x21-\x7e]{1,4096}$/.test(text) ? ok(text) : err("must be printable ASCII without blanks");
}

/** An https URL with exactly one meaning: what a certificate names as its subject, compared letter by letter. */
export function parseIdentity(text: string): Result<string, string> {
  return /^https:\/\/[\x21-\x7e]{1,512}$/.test(text)
    ? ok(text)
    : err("must be an https URL, compared letter by letter");
}
