import { COMMON_NAME } from "../../src/base-certificates.ts";
import {
  authorityKeyIdentifier,
  basicConstraints,
  crlDistributionPoint,
  intelName,
  replaceExtension,
  subjectKeyIdentifier,
  type CertificateRecipe,
} from "../../src/certificate.ts";
import { accepted, refused } from "../../src/defects/defect.ts";
import { derValue } from "../../src/der-writer.ts";
import type { ExpectedOutcome, Recipe } from "../../src/index.ts";
import { p256PublicKeyInfo } from "../../src/key-ring.ts";
import { crlNumber, type CrlRecipe } from "../../src/revocation-list.ts";
import type { SgxExtensionRecipe } from "../../src/sgx-extension.ts";
import type { FieldChange } from "./case.ts";

const DAY = 86_400;
const YEAR = 365 * DAY;
const STRANGER = Uint8Array.from({ length: 20 }, (_, index) => index + 1);

/** Certificates of evidence that stand below the root. */
export type CertificatePlace = "pckLeaf" | "pckCa" | "tcbSigning";

type Stage = "pck-chain" | "tcb-info";

/** What becomes of the changes that depend on the certificate's place. */
interface PlaceRules {
  readonly stage: Stage;
  /** A key of another in its place: whatever the certificate should have vouched for is not signed by it. */
  readonly publicKey: ExpectedOutcome;
  /** Another key identifier: those below name this one. */
  readonly subjectKeyIdentifier: ExpectedOutcome;
  readonly isAuthority: boolean;
}

const PLACES: Readonly<Record<CertificatePlace, PlaceRules>> = {
  pckLeaf: {
    stage: "pck-chain",
    publicKey: refused("qe-report", "qe-report-signature-invalid"),
    subjectKeyIdentifier: accepted(),
    isAuthority: false,
  },
  pckCa: {
    stage: "pck-chain",
    publicKey: refused("pck-chain", "certificate-signature-invalid"),
    subjectKeyIdentifier: refused("pck-chain", "certificate-issuer-mismatch"),
    isAuthority: true,
  },
  tcbSigning: {
    stage: "tcb-info",
    publicKey: refused("tcb-info", "tcb-info-signature-invalid"),
    subjectKeyIdentifier: accepted(),
    isAuthority: false,
  },
};

const MARK = "2.16.840.1.113730.1.13";

/** A change for each member of a certificate. */
export function certificateFields(place: CertificatePlace): readonly FieldChange[] {
  const { stage, publicKey, subjectKeyIdentifier: ownIdentifier, isAuthority } = PLACES[place];
  const issuer = refused(stage, "certificate-issuer-mismatch");
  const extension = refused(stage, "certificate-extension-invalid");
  const field = (
    name: string,
    wellSigned: ExpectedOutcome,
    change: (certificate: CertificateRecipe, recipe: Recipe) => void,
  ): FieldChange => ({ field: name, wellSigned, change: (recipe) => change(recipe[place], recipe) });
  return [
    field("serial", accepted(), (it) => void (it.serial = STRANGER)),
    field("issuer", issuer, (it) => void (it.issuer = intelName("Intel SGX Root CA 2"))),
    field("notBefore", accepted(), (it) => void (it.notBefore -= YEAR)),
    field("notAfter", accepted(), (it) => void (it.notAfter += YEAR)),
    field("subject", refused(stage, "chain-role-mismatch"), (it) => void (it.subject = intelName("Intel SGX"))),
    field("subjectPublicKeyInfo", publicKey, (it, { parameters }) => {
      it.publicKeyInfo = p256PublicKeyInfo(parameters.authorityKeys.pair("stranger"));
    }),
    field("authorityKeyIdentifier", issuer, (it) => replaceExtension(it, authorityKeyIdentifier(STRANGER))),
    field("cRLDistributionPoints", accepted(), (it) =>
      replaceExtension(it, crlDistributionPoint("https://elsewhere.invalid/list")),
    ),
    field("subjectKeyIdentifier", ownIdentifier, (it) => replaceExtension(it, subjectKeyIdentifier(STRANGER))),
    field("keyUsage", extension, (it) => {
      // dataEncipherment alone: neither a leaf nor an authority may have it so.
      replaceExtension(it, { oid: "2.5.29.15", critical: true, value: derValue(0x03, Uint8Array.of(4, 0x10)) });
    }),
    field("basicConstraints", extension, (it) => replaceExtension(it, basicConstraints(!isAuthority))),
    field("comment", accepted(), (it) => {
      it.extensions = it.extensions.filter(({ oid }) => oid !== MARK);
    }),
  ];
}

function sgxField(
  name: string,
  change: (sgx: SgxExtensionRecipe) => void,
  wellSigned: ExpectedOutcome = accepted(),
): FieldChange {
  return { field: `SGX extension, ${name}`, wellSigned, change: ({ sgx }) => change(sgx) };
}

type SgxPlatform = NonNullable<SgxExtensionRecipe["platform"]>;

function platformField(name: string, other: Partial<SgxPlatform>): FieldChange {
  return sgxField(name, (sgx) => {
    if (sgx.platform === null) throw new Error("the platform has a Platform CA certificate");
    sgx.platform = { ...sgx.platform, ...other };
  });
}

/** A change for each value of the SGX extension, which the PCK leaf alone has. */
export const SGX_FIELDS: readonly FieldChange[] = [
  sgxField("PPID", (sgx) => void (sgx.ppid = new Uint8Array(16))),
  ...Array.from({ length: 16 }, (_, index) =>
    sgxField(`component ${index + 1}`, (sgx) => void (sgx.components[index] = 255)),
  ),
  sgxField("PCESVN", (sgx) => void (sgx.pceSvn = 65_535)),
  sgxField("CPUSVN", (sgx) => void (sgx.cpuSvn = new Uint8Array(16).fill(0xff))),
  sgxField("PCE-ID", (sgx) => void (sgx.pceId = Uint8Array.of(0, 1)), refused("pck-chain", "pce-id-mismatch")),
  sgxField("FMSPC", (sgx) => void (sgx.fmspc = new Uint8Array(6)), refused("pck-chain", "fmspc-mismatch")),
  sgxField("SGX type", (sgx) => void (sgx.sgxType = 2)),
  platformField("platform instance ID", { instanceId: new Uint8Array(16) }),
  platformField("dynamic platform", { dynamic: false }),
  platformField("cached keys", { cachedKeys: false }),
  platformField("SMT enabled", { smtEnabled: false }),
];

/** A change for each member of the root, in the chains alone: the anchor stays what it was. */
export const ROOT_FIELDS: readonly FieldChange[] = certificateFields("pckCa").map(({ field, change }) => ({
  field,
  wellSigned: refused("trust-anchor", "chain-root-untrusted"),
  change: (recipe) => {
    const root = { ...recipe.root, extensions: [...recipe.root.extensions] };
    change({ ...recipe, pckCa: root });
    for (const chain of Object.values(recipe.chains)) chain[chain.length - 1] = root;
  },
}));

function withEntry(change: (entry: CrlRecipe["revoked"][number]) => void): (crl: CrlRecipe) => void {
  return ({ revoked }) => {
    for (const entry of revoked) change(entry);
  };
}

/** A change for each member of a revocation list. */
export function crlFields(list: "rootCrl" | "pckCrl"): readonly FieldChange[] {
  const stage = list === "rootCrl" ? "crl" : "pck-chain";
  const field = (
    name: string,
    wellSigned: ExpectedOutcome,
    change: (crl: CrlRecipe, now: number) => void,
  ): FieldChange => ({ field: name, wellSigned, change: (recipe) => change(recipe[list], recipe.judgement.now) });
  return [
    field("issuer", refused(stage, "crl-issuer-mismatch"), (crl) => void (crl.issuer = intelName(COMMON_NAME.pck))),
    field("thisUpdate", accepted(), (crl) => void (crl.thisUpdate -= YEAR)),
    field("thisUpdate, in the future", refused(stage, "crl-not-yet-valid"), (crl, now) => {
      crl.thisUpdate = now + 1;
    }),
    field("nextUpdate", accepted(), (crl, now) => void (crl.nextUpdate = now + YEAR)),
    field("nextUpdate, in the past", refused(stage, "crl-expired"), (crl, now) => void (crl.nextUpdate = now - 1)),
    field("nextUpdate, left out", refused("collateral-parse", "crl-malformed"), (crl) => void (crl.nextUpdate = null)),
    field("revoked certificates, none", accepted(), (crl) => void (crl.revoked = [])),
    field(
      "serial of an entry",
      accepted(),
      withEntry((entry) => void (entry.serial = STRANGER)),
    ),
    field(
      "date of an entry",
      accepted(),
      withEntry((entry) => void (entry.date -= DAY)),
    ),
    field("cRLNumber", accepted(), (crl) => void (crl.extensions[0] = crlNumber(2))),
    field("authorityKeyIdentifier", accepted(), (crl) => void (crl.extensions[1] = authorityKeyIdentifier(STRANGER))),
    field("comment", accepted(), (crl) => void (crl.extensions = crl.extensions.slice(0, 2))),
  ];
}
