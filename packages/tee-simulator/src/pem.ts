/** One PEM block with LF line ends and 64 characters a line, as Intel's services write it. Source: RFC 7468. */
export function encodePem(label: string, der: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...der));
  const lines = base64.match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/** A chain of certificates as PEM blocks, in the given order. */
export function encodePemChain(certificates: readonly Uint8Array[]): string {
  return certificates.map((der) => encodePem("CERTIFICATE", der)).join("");
}
