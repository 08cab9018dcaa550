import type { Failure, FailureCode, FailureFacts, ShortComponent } from "./failure.ts";
import { isValidInstant } from "./instant.ts";
import { formatRfc3339Utc } from "./utc-time.ts";

/** Longest piece of a foreign value in a sentence. */
const SHOWN_CHARACTERS = 120;

/**
 * Facts can quote documents that nobody vouches for: nothing of theirs may steer a terminal, reorder the text or flood a log.
 */
function shown(value: string | number): string {
  const clean = String(value).replaceAll(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, "\u{fffd}");
  return clean.length > SHOWN_CHARACTERS ? `${clean.slice(0, SHOWN_CHARACTERS)}…` : clean;
}

function shownTime(value: string | number): string {
  const isTime = typeof value === "number" && isValidInstant(value);
  return isTime ? formatRfc3339Utc(value) : shown(value);
}

function shownSize(value: string | number): string {
  return `${shown(value)} bytes`;
}

/** ` (2025-07-01T00:00:00Z, judged at 2025-07-01T00:00:01Z)`, as far as known. */
function bound(facts: FailureFacts): string {
  const parts = [
    ...(facts.expected === undefined ? [] : [shownTime(facts.expected)]),
    ...(facts.actual === undefined ? [] : [`judged at ${shownTime(facts.actual)}`]),
  ];
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

/** ` (expected 4 or 5, got 3)`, as far as known. */
function difference(facts: FailureFacts, show: (value: string | number) => string = shown): string {
  const parts = [
    ...(facts.expected === undefined ? [] : [`expected ${show(facts.expected)}`]),
    ...(facts.actual === undefined ? [] : [`got ${show(facts.actual)}`]),
  ];
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

function because(facts: FailureFacts): string {
  return facts.reason === undefined ? "" : `: ${shown(facts.reason)}`;
}

/** `: "tcbLevels[0]" must not be empty`, as far as known. */
function where(facts: FailureFacts): string {
  if (facts.subject === undefined || facts.subject === "") return because(facts);
  return facts.reason === undefined ? `: ${shown(facts.subject)}` : `: ${shown(facts.subject)} ${shown(facts.reason)}`;
}

function named(facts: FailureFacts, fallback: string): string {
  return facts.subject === undefined ? fallback : shown(facts.subject);
}

/**
 * Says which security versions fall short, and by how much: `pcesvn is 10, needs 11; qe is 3, needs 4`. Empty for none.
 * Never shortened: the one that is left out may be the one that is to be updated.
 */
export function describeShort(short: readonly ShortComponent[]): string {
  return short.map(({ component, has, needs }) => `${shown(component)} is ${has}, needs ${needs}`).join("; ");
}

function shortfall({ short = [] }: FailureFacts): string {
  return short.length === 0 ? "" : `: ${describeShort(short)}`;
}

/** ` (qe 3)`, as far as known. */
function seen(facts: FailureFacts): string {
  return facts.actual === undefined ? "" : ` (${shown(facts.actual)})`;
}

function atOffset(facts: FailureFacts): string {
  return facts.offset === undefined ? "" : ` at byte ${facts.offset}`;
}

const FETCH_COLLATERAL = "Fetch current collateral and try again";

const SENTENCES = {
  "quote-too-short": (facts) =>
    `The quote is shorter than its header${difference(facts, shownSize)}; check that the whole quote was given.`,
  "quote-too-large": (facts) =>
    `The quote is larger than any real one${difference(facts, shownSize)}; check that the right file was given.`,
  "quote-truncated": (facts) =>
    `The quote ends in the middle of a field${atOffset(facts)}${difference(facts, shownSize)}; check that it was copied whole.`,
  "quote-version-unsupported": (facts) => `The quote has a version that is not understood${difference(facts)}.`,
  "quote-not-tdx": (facts) => `This is an SGX quote, not a TDX quote (${named(facts, "header")} says so).`,
  "quote-tee-type-unsupported": (facts) => `The quote is of an unknown kind of TEE${difference(facts)}.`,
  "quote-attestation-key-unsupported": (facts) =>
    `The quote's attestation key is of a kind that is not accepted${difference(facts)}; only ECDSA P-256 is.`,
  "quote-qe-vendor-unknown": (facts) => `The quote was not made by a quoting enclave of Intel's${difference(facts)}.`,
  "quote-body-type-unsupported": (facts) => `The quote's body is of an unknown type${difference(facts)}.`,
  "quote-body-size-mismatch": (facts) => `The size of the quote's body contradicts its type${difference(facts)}.`,
  "quote-length-mismatch": (facts) =>
    `Lengths inside the quote contradict each other in the ${named(facts, "signature section")}${difference(facts)}.`,
  "quote-certification-data-unsupported": (facts) =>
    `The quote does not carry a PCK certificate chain${where(facts)}${difference(facts)}; give one in the collateral's pck_certificate_chain.`,
  "collateral-malformed": (facts) => `The collateral bundle is malformed${where(facts)}.`,
  "tcb-info-malformed": (facts) => `The TCB info in the collateral is malformed${where(facts)}.`,
  "tcb-info-version-unsupported": (facts) =>
    `The TCB info has an unsupported version${difference(facts)}; fetch it from version 4 of the PCS API.`,
  "qe-identity-malformed": (facts) => `The QE identity in the collateral is malformed${where(facts)}.`,
  "qe-identity-version-unsupported": (facts) =>
    `The QE identity has an unsupported version${difference(facts)}; fetch it from version 4 of the PCS API.`,
  "certificate-malformed": (facts) => `A certificate cannot be read${where(facts)}.`,
  "crl-malformed": (facts) => `A certificate revocation list cannot be read${where(facts)}.`,
  "chain-length-invalid": (facts) =>
    `The ${named(facts, "certificate chain")} has the wrong number of certificates${difference(facts)}.`,
  "chain-root-untrusted": (facts) =>
    `The ${named(facts, "certificate chain")} does not end in the trusted root; it may come from a simulated platform or another issuer.`,
  "chain-role-mismatch": (facts) =>
    `The ${named(facts, "certificate")} is not the kind of certificate that belongs there${difference(facts)}.`,
  "certificate-extension-invalid": (facts) =>
    `The ${named(facts, "certificate")} has extensions that do not fit its role${because(facts)}.`,
  "certificate-key-unsupported": (facts) =>
    `The ${named(facts, "certificate")} has a key that is not a point on P-256.`,
  "certificate-issuer-mismatch": (facts) =>
    `The ${named(facts, "certificate")} was not issued by the next certificate of its chain${because(facts)}.`,
  "certificate-signature-invalid": (facts) => `The signature of the ${named(facts, "certificate")} is wrong.`,
  "certificate-not-yet-valid": (facts) =>
    `The ${named(facts, "certificate")} is not valid yet${bound(facts)}; check the time of judgement.`,
  "certificate-expired": (facts) =>
    `The ${named(facts, "certificate")} has expired${bound(facts)}; check the time of judgement.`,
  "certificate-revoked": (facts) => `The ${named(facts, "certificate")} has been revoked by its issuer.`,
  "crl-issuer-mismatch": (facts) =>
    `The ${named(facts, "CRL")} was not issued by the CA that it should cover; fetch the CRL of the quote's own PCK CA.`,
  "crl-signature-invalid": (facts) => `The signature of the ${named(facts, "CRL")} is wrong.`,
  "crl-not-yet-valid": (facts) =>
    `The ${named(facts, "CRL")} is not valid yet${bound(facts)}; check the time of judgement.`,
  "crl-expired": (facts) => `The ${named(facts, "CRL")} has expired${bound(facts)}. ${FETCH_COLLATERAL}.`,
  "tcb-info-signature-invalid": () =>
    "The TCB info is not signed by its signing certificate; it must be kept byte for byte as it was fetched.",
  "tcb-info-not-yet-valid": (facts) => `The TCB info is not valid yet${bound(facts)}; check the time of judgement.`,
  "tcb-info-expired": (facts) => `The TCB info has expired${bound(facts)}. ${FETCH_COLLATERAL}.`,
  "tcb-info-wrong-type": (facts) =>
    `The TCB info is not one for TDX${difference(facts)}; fetch it from the service's tdx path.`,
  "qe-identity-signature-invalid": () =>
    "The QE identity is not signed by its signing certificate; it must be kept byte for byte as it was fetched.",
  "qe-identity-not-yet-valid": (facts) =>
    `The QE identity is not valid yet${bound(facts)}; check the time of judgement.`,
  "qe-identity-expired": (facts) => `The QE identity has expired${bound(facts)}. ${FETCH_COLLATERAL}.`,
  "qe-identity-wrong-type": (facts) =>
    `The QE identity is not that of the TD quoting enclave${difference(facts)}; fetch it from the service's tdx path.`,
  "pck-extension-invalid": (facts) => `The SGX extension of the PCK certificate is malformed${because(facts)}.`,
  "fmspc-mismatch": (facts) =>
    `The TCB info is for another platform model than the quote's${difference(facts)}; fetch it for the quote's FMSPC.`,
  "pce-id-mismatch": (facts) => `The TCB info is for another PCE than the quote's${difference(facts)}.`,
  "qe-report-signature-invalid": () => "The quoting enclave's report is not signed by the platform's PCK key.",
  "qe-report-data-mismatch": () => "The quoting enclave does not vouch for the attestation key in the quote.",
  "qe-debug-enabled": () => "The quoting enclave runs in debug mode, so its keys are not secret.",
  "qe-mrsigner-mismatch": (facts) => `The quoting enclave is not signed by Intel's key${difference(facts)}.`,
  "qe-isvprodid-mismatch": (facts) =>
    `The quoting enclave is another product than the TD quoting enclave${difference(facts)}.`,
  "qe-miscselect-mismatch": (facts) =>
    `The quoting enclave runs with other MISCSELECT bits than published${difference(facts)}.`,
  "qe-attributes-mismatch": (facts) =>
    `The quoting enclave runs with other attributes than published${difference(facts)}.`,
  "attestation-key-invalid": () => "The attestation key in the quote is not a point on P-256.",
  "quote-signature-invalid": () =>
    "The quote's signature is wrong: its content was altered, or it was signed by another key.",
  "tdx-module-mismatch": (facts) =>
    `The TDX module is not one that the TCB info lists: ${named(facts, "TDX module")}${difference(facts)}.`,
  "tcb-not-supported": (facts) =>
    `The ${named(facts, "platform")} is below every security version that Intel still lists${shortfall(facts)}; update firmware, TDX module or quoting enclave.`,
  "tcb-revoked": (facts) =>
    `Intel has revoked the security version of the ${named(facts, "platform")}${seen(facts)}${shortfall(facts)}${facts.reason === undefined ? "" : `; ${shown(facts.reason)}`}; it must be updated before it can be trusted.`,
  "td-attributes-reserved": (facts) =>
    `The TD has a reserved attribute set (${named(facts, "unknown bit")})${difference(facts)}.`,
  "td-debug-enabled": () => "The TD runs in debug mode, so the host can read its memory; start it without debug.",
  "td-sept-ve-disable-clear": () =>
    "The TD lacks SEPT_VE_DISABLE, so the host could disturb its memory accesses; start it with that attribute.",
  "td-service-td-present": () => "The TD is bound to a service TD (MRSERVICETD is not zero), which was not allowed.",
  "report-data-mismatch": () =>
    "The quote's report data is not the expected one: it was made for another challenge, key or caller.",
  "event-log-malformed": (facts) => `The event log is malformed${where(facts)}${atOffset(facts)}.`,
  "event-log-no-sha384": (facts) =>
    `The event log has an event without exactly one SHA-384 digest${where(facts)}${atOffset(facts)}; it cannot be replayed.`,
  "event-log-digest-mismatch": (facts) =>
    `The event log states a digest that its event does not have${where(facts)}${difference(facts)}.`,
  "event-log-mismatch": (facts) =>
    `The event log does not lead to the registers in the quote${where(facts)}${difference(facts)}.`,
  "fetch-failed": (facts) => `Fetching failed${where(facts)}; check network, service URL and proxy.`,
  "fetch-status": (facts) => `The collateral service refused the request${where(facts)}${difference(facts)}.`,
  "fetch-too-large": (facts) =>
    `The collateral service sent more than can be right${where(facts)}${difference(facts, shownSize)}.`,
  "fetch-header-missing": (facts) =>
    `The collateral service left out a header${where(facts)}${difference(facts)}; check that the URL is that of a PCS or PCCS.`,
  "early-collateral-older": (facts) =>
    `The early collateral is older than the standard one, so it foretells nothing${where(facts)}${difference(facts)}; fetch it with update=early.`,
} as const satisfies Record<FailureCode, (facts: FailureFacts) => string>;

/**
 * Says a refusal in one sentence that an operator can act on. Values from unauthenticated documents are shortened and freed of
 * control characters.
 */
export function describeFailure(failure: Failure): string {
  return SENTENCES[failure.code](failure.facts);
}
