import { type Result, err, ok } from "@mero-tee/tdx-quote/result";

/** A text that cannot be the address of a KMS. */
export interface KmsUrlError {
  readonly code: "kms-url-invalid";
  readonly reason: "not a URL" | "neither https nor http" | "credentials" | "query or fragment";
}

/**
 * Reads the base address of a KMS and gives its path a final slash, so that endpoint names can be joined to it.
 *
 * Errors: `kms-url-invalid`.
 * Source: docs/protocol.md.
 */
export function parseKmsUrl(text: string): Result<URL, KmsUrlError> {
  const url = URL.parse(text);
  if (url === null) return err({ code: "kms-url-invalid", reason: "not a URL" });
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return err({ code: "kms-url-invalid", reason: "neither https nor http" });
  }
  if (url.username !== "" || url.password !== "") return err({ code: "kms-url-invalid", reason: "credentials" });
  if (url.search !== "" || url.hash !== "") return err({ code: "kms-url-invalid", reason: "query or fragment" });
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return ok(url);
}

/**
 * Whether nodes that verify their KMS accept this address: https, or http to a loopback address written as an IP literal.
 * The name `localhost` does not count, since whoever controls name resolution decides where it leads.
 *
 * Source: docs/protocol.md.
 */
export function isSecureKmsUrl(url: URL): boolean {
  if (url.protocol === "https:") return true;
  return url.hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(url.hostname);
}
