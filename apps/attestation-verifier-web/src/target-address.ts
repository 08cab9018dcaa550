import { unicodeHost } from "./punycode.ts";

/** What can be asked for evidence. */
export type TargetKind = "kms" | "node";

/** What a line of text is, as an address; `none` if it does not look like one at all. */
export type AddressReading =
  | {
      readonly kind: "address";
      /** Normalised, origin only: nothing else is ever sent. */
      readonly url: string;
      /** What is likely behind it. The reader decides. */
      readonly likely: TargetKind;
      /** The host as people read it, where its ASCII form hides that. */
      readonly unicodeHost: string | null;
    }
  | { readonly kind: "refused"; readonly reason: AddressRefusal; readonly suggestion: string | null }
  | { readonly kind: "none" };

/** Why an address is not asked. */
export type AddressRefusal =
  "characters" | "scheme" | "scheme-missing" | "userinfo" | "path" | "query" | "unreadable" | "too-long";

const LIMIT = 2048;
const KNOWN_PATHS: ReadonlySet<string> = new Set(["/", "/attest", "/admin-api", "/admin-api/tee/attest"]);
const LITERAL_V4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/**
 * Reads an address the way the API will, so that a refusal comes before anything is sent.
 *
 * The API applies its own rules on top; this one only keeps what a URL parser would silently repair from looking like what the
 * reader typed. Source: docs/verifier-api.md.
 */
export function recogniseAddress(input: string): AddressReading {
  const text = input.trim();
  if (text === "" || /\s/.test(text)) return { kind: "none" };
  const scheme = /^([a-z][\w+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined || !text.includes("//")) return withoutScheme(text, scheme);
  if (scheme !== "http" && scheme !== "https") return refused("scheme");
  if (text.length > LIMIT) return refused("too-long");
  if (!/^https?:\/\/[\x21-\x7e]+$/i.test(text) || text.includes("\\")) return refused("characters");
  if (!URL.canParse(text)) return refused("unreadable");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") return refused("userinfo");
  if (text.includes("?") || text.includes("#")) return refused("query");
  const path = url.pathname.length > 1 ? url.pathname.replace(/\/$/, "") : url.pathname;
  if (!KNOWN_PATHS.has(path)) return refused("path");
  const likely = url.protocol === "http:" || isLiteral(url.hostname) || path.startsWith("/admin-api") ? "node" : "kms";
  return { kind: "address", url: url.origin, likely, unicodeHost: unicodeHost(url.hostname) };
}

function withoutScheme(text: string, scheme: string | undefined): AddressReading {
  if (scheme !== undefined && /^(?:javascript|data|file|blob|ws|wss|gopher|ftp|mailto)$/.test(scheme)) {
    return refused("scheme");
  }
  if (scheme === "http" || scheme === "https") return refused(text.includes("\\") ? "characters" : "unreadable");
  // A host with a port reads like a scheme: `node.example:2528`.
  if (!/^[a-z0-9][a-z0-9.-]*\.[a-z0-9-]+(?::\d{1,5})?(?:\/.*)?$/i.test(text)) return { kind: "none" };
  if (text.length > LIMIT) return refused("too-long");
  const host = text.replace(/[:/].*$/, "");
  const guess = `${LITERAL_V4.test(host) ? "http" : "https"}://${text}`;
  return recogniseAddress(guess).kind === "address"
    ? { kind: "refused", reason: "scheme-missing", suggestion: guess }
    : { kind: "none" };
}

const isLiteral = (host: string): boolean => LITERAL_V4.test(host) || host.startsWith("[");

function refused(reason: AddressRefusal): AddressReading {
  return { kind: "refused", reason, suggestion: null };
}
