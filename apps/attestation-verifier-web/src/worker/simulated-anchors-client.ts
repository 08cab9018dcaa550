import type { Anchors } from "@mero-tee/appraisal";
import { parseTrustedRoot } from "@mero-tee/release-artifacts/sigstore";
import { isJsonObject, type JsonValue, parseStrictJson, toPlainJson } from "@mero-tee/tdx-quote/json";
import { list, object, type Shape, text } from "@mero-tee/tdx-quote/json-shape";
import { ok } from "@mero-tee/tdx-quote/result";

import { readPemCertificate } from "../pem-certificate.ts";

const anyJson: Shape<JsonValue> = (value) => ok(value ?? null);

/**
 * What a development stack says about itself: whose root its platform stands on, who signs its releases, who stands in for
 * Intel's service. Only the `sim` build has this file.
 */
const SHAPE = object({
  root_ca_pem: text,
  sigstore_trusted_root: anyJson,
  signer_issuer: text,
  signer_identity_kms: text,
  signer_identity_node: text,
  ita_issuer: text,
  ita_root_sha256: list(text),
});

/** Reads the anchors of the development stack that serves this page. Everything judged by them is simulated. */
export async function loadSimulatedAnchors(): Promise<Anchors | null> {
  const response = await fetch("/sim/anchors.json", { cache: "no-store", credentials: "omit" });
  const json = parseStrictJson(await response.text());
  const read = json.ok && isJsonObject(json.value) ? SHAPE(json.value) : null;
  if (read === null || !read.ok) return null;
  const { value } = read;
  const rootCa = readPemCertificate(value.root_ca_pem);
  const trustedRoot = parseTrustedRoot(JSON.stringify(toPlainJson(value.sigstore_trusted_root)));
  if (rootCa === null || !trustedRoot.ok) return null;
  return {
    rootCa,
    release: {
      trustedRoot: trustedRoot.value,
      issuer: value.signer_issuer,
      identities: { kms: { exact: value.signer_identity_kms }, node: { exact: value.signer_identity_node } },
    },
    trustAuthority: { issuer: value.ita_issuer, rootSha256: value.ita_root_sha256 },
    newestRelease: { kms: null, node: null },
  };
}
