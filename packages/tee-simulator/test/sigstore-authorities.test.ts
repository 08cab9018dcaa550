import { parseTrustedRoot, type TrustedRoot } from "@mero-tee/release-artifacts/sigstore";
import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { describe, expect, test } from "vitest";
import { basicConstraints, type CertificateRecipe, type ExtensionRecipe } from "../src/certificate.ts";
import { derUtf8String } from "../src/der-writer.ts";
import { type Authority, extendedKeyUsage, issue, keyUsage, PURPOSES } from "../src/sigstore/authority.ts";
import { buildSignedFiles } from "../src/sigstore/index.ts";
import { EXPECTED, FILE, SIGNED_AT, sigstore, verdictOn, WHO } from "./sigstore-world.ts";

// A trusted root is believed, but not blindly: what stands in it must be what it is used as.

const { root, intermediate, timestampRoot, timestampSigner } = sigstore.parties;

/** The same authority, same name and key, with another certificate. */
function reissued(authority: Authority, issuer: Authority, change: Partial<CertificateRecipe>): Authority {
  const recipe = { ...authority.recipe, ...change };
  return { ...authority, recipe, der: issue(recipe, issuer.key) };
}

function withExtension(authority: Authority, ...extensions: readonly ExtensionRecipe[]): Partial<CertificateRecipe> {
  const oids = new Set(extensions.map(({ oid }) => oid));
  return { extensions: [...authority.recipe.extensions.filter(({ oid }) => !oids.has(oid)), ...extensions] };
}

function without(authority: Authority, oid: string): Partial<CertificateRecipe> {
  return { extensions: authority.recipe.extensions.filter((extension) => extension.oid !== oid) };
}

/** The trusted root with other certificates in the place of some. */
function trusting(replacements: readonly (readonly [Authority, Authority])[]): TrustedRoot {
  const json = replacements.reduce(
    (text, [before, after]) => text.replace(toBase64(before.der), toBase64(after.der)),
    sigstore.trustedRoot,
  );
  const parsed = parseTrustedRoot(json);
  if (!parsed.ok || json === sigstore.trustedRoot) throw new Error("the trusted root was not changed");
  return parsed.value;
}

const STRANGE: ExtensionRecipe = { oid: "1.2.3.4", critical: true, value: derUtf8String("obey me") };
const ENDED = { notAfter: SIGNED_AT - 1 };

describe("an authority for signing certificates", () => {
  test("is believed with a certificate that was issued anew", async () => {
    const trustedRoot = trusting([[intermediate, reissued(intermediate, root, { notAfter: SIGNED_AT })]]);
    expect(await verdictOn(sigstore.sign(FILE, WHO).bundle, { ...EXPECTED, trustedRoot })).toMatchObject({ ok: true });
  });

  test.each([
    { name: "is no CA", change: withExtension(intermediate, basicConstraints(false)), reason: "is no CA" },
    { name: "does not say that it is a CA", change: without(intermediate, "2.5.29.19"), reason: "is no CA" },
    { name: "may not issue", change: withExtension(intermediate, keyUsage(0x80, 7)), reason: "may not issue" },
    { name: "has no key usage", change: without(intermediate, "2.5.29.15"), reason: "may not issue" },
    {
      name: "is for timestamps",
      change: withExtension(intermediate, extendedKeyUsage(PURPOSES.timeStamping)),
      reason: "another purpose",
    },
    {
      name: "demands what is not understood",
      change: withExtension(intermediate, STRANGE),
      reason: "unknown critical",
    },
    { name: "had ended", change: ENDED, reason: "not valid at that time" },
    { name: "has an altered signature", change: { editSignature: altered }, reason: "not issued by that authority" },
  ])("is not believed when its intermediate $name", async ({ change, reason }) => {
    const trustedRoot = trusting([[intermediate, reissued(intermediate, root, change)]]);
    expect(await verdictOn(sigstore.sign(FILE, WHO).bundle, { ...EXPECTED, trustedRoot })).toMatchObject({
      ok: false,
      error: { code: "signing-certificate-untrusted", reason: expect.stringContaining(reason) },
    });
  });

  test.each([
    { name: "allows no CA below it", change: withExtension(root, basicConstraints(true, 0)), reason: "longer than" },
    { name: "had ended", change: ENDED, reason: "not valid at that time" },
    { name: "has an altered signature", change: { editSignature: altered }, reason: "does not end in a root" },
  ])("is not believed when its root $name", async ({ change, reason }) => {
    const trustedRoot = trusting([[root, reissued(root, root, change)]]);
    expect(await verdictOn(sigstore.sign(FILE, WHO).bundle, { ...EXPECTED, trustedRoot })).toMatchObject({
      ok: false,
      error: { code: "signing-certificate-untrusted", reason: expect.stringContaining(reason) },
    });
  });

  test("is not believed without its root", async () => {
    const [retired, current] = EXPECTED.trustedRoot.certificateAuthorities;
    if (retired === undefined || current === undefined) throw new Error("two authorities were expected");
    const cut = { ...current, chain: [current.chain[0]] as const };
    const trustedRoot = { ...EXPECTED.trustedRoot, certificateAuthorities: [retired, cut] };
    expect(await verdictOn(sigstore.sign(FILE, WHO).bundle, { ...EXPECTED, trustedRoot })).toMatchObject({
      ok: false,
      error: { code: "signing-certificate-untrusted", reason: "the authority's chain does not end in a root" },
    });
  });
});

describe("an authority for timestamps", () => {
  /** A signature with a timestamp by a signer whose certificate was changed, and is trusted so. */
  async function stampedBy(signer: Authority) {
    const recipe = sigstore.recipe(FILE, { ...WHO, timestamp: true });
    recipe.timestamps = recipe.timestamps.map((timestamp) => ({ ...timestamp, signer, namedCertificate: signer.der }));
    const trustedRoot = trusting([[timestampSigner, signer]]);
    return await verdictOn(buildSignedFiles(recipe).bundle, { ...EXPECTED, trustedRoot });
  }

  test("is believed with a certificate that was issued anew", async () => {
    const signer = reissued(timestampSigner, timestampRoot, { notAfter: SIGNED_AT });
    expect(await stampedBy(signer)).toMatchObject({ ok: true });
  });

  test.each([
    {
      name: "is for code",
      change: withExtension(timestampSigner, extendedKeyUsage(PURPOSES.codeSigning, true)),
      reason: "time stamping",
    },
    { name: "has no purpose", change: without(timestampSigner, "2.5.29.37"), reason: "time stamping" },
    { name: "is a CA", change: withExtension(timestampSigner, basicConstraints(true)), reason: "it is a CA" },
    { name: "had ended", change: ENDED, reason: "not valid at that time" },
    { name: "has an altered signature", change: { editSignature: altered }, reason: "not issued by that authority" },
  ])("is not believed when its signer $name", async ({ change, reason }) => {
    expect(await stampedBy(reissued(timestampSigner, timestampRoot, change))).toMatchObject({
      ok: false,
      error: { code: "timestamp-untrusted", reason: expect.stringContaining(reason) },
    });
  });
});

function altered(signature: Uint8Array): Uint8Array {
  const changed = signature.slice();
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  return changed;
}
