import { type Crl, describeFailure, type Failure, formatRfc3339Utc, type VerifiedQuote } from "@mero-tee/tdx-quote";
import { toHex } from "@mero-tee/tdx-quote/hex";
import type { Result } from "@mero-tee/tdx-quote/result";

import type { Case } from "../case.ts";
import { chainFacts } from "../chain-facts.ts";
import { fail, item, pass, skip, unavailable } from "../finding.ts";
import { type Hardware, outcomeOf, type VerificationStep } from "../hardware.ts";
import type { EvidenceItem, Finding } from "../step.ts";

const ROOTS: Readonly<Record<Hardware["environment"], string>> = {
  production: "Intel's SGX root CA",
  simulated: "a simulated root, which proves nothing",
  mock: "nothing",
  unknown: "an unknown root",
};

/** Digits of the number of one physical machine that are shown: enough to tell machines apart, too few to look one up. */
const PPID_SHOWN = 8;

/** `dcap.chain`. */
export async function judgeChain(opened: Case): Promise<Finding> {
  const hardware = await opened.hardware();
  if (hardware === null) return skip("There is no quote.", "evidence-missing");
  const { chain, environment, certificates, verification } = hardware;
  if (chain.ok) {
    const ppid = verification?.ok === true ? verification.value.ppid : null;
    return pass(`The machine's certificate was issued under ${ROOTS[environment]}.`, [
      item("Root", ROOTS[environment], "quote"),
      ...chainFacts(certificates).flatMap(({ subject, sha256, notAfter }) => [
        item(`SHA-256 of the certificate of ${subject}`, sha256, "quote", "hex"),
        item("Valid until", formatRfc3339Utc(notAfter), "quote", "time"),
      ]),
      item("Platform model (FMSPC)", chain.value.fmspc, "quote", "hex"),
      item("PCE id", chain.value.pceId, "quote", "hex"),
      item("Issued by", `Intel SGX PCK ${chain.value.ca} CA`, "quote"),
      ...(ppid === null ? [] : [item("Platform (PPID, shortened)", `${ppid.slice(0, PPID_SHOWN)}…`, "quote")]),
    ]);
  }
  const { code } = chain.error;
  const summary = describeFailure(chain.error);
  // Such a quote names its certificate only: without collateral there is nothing to look at.
  return code === "quote-certification-data-unsupported" ? skip(summary, code) : fail(code, summary);
}

/** A finding for what one verification answers; null where the step passed and has to say how. */
// oxlint-disable-next-line typescript/consistent-return -- the switch is exhaustive, which the compiler checks
async function stopped(
  opened: Case,
  step: VerificationStep,
): Promise<{ readonly finding: Finding } | { readonly verification: Result<VerifiedQuote, Failure> }> {
  const hardware = await opened.hardware();
  if (hardware === null) return { finding: skip("There is no quote.", "evidence-missing") };
  const { verification } = hardware;
  if (verification === null) return { finding: withoutCollateral(opened) };
  const outcome = outcomeOf(step, verification);
  switch (outcome.status) {
    case "passed":
      return { verification };
    case "failed":
      return { finding: failed(outcome.failure) };
    case "not-reached":
      return { finding: skip(`Not reached: verification stopped at ${outcome.stoppedAt}.`, "dependency-not-met") };
  }
}

/** Collateral that cannot be read was not delivered; everything else was judged, and found wrong. */
function failed(failure: Failure): Finding {
  const { code, facts } = failure;
  const evidence = Object.entries(facts).flatMap(([label, value]) =>
    typeof value === "string" || typeof value === "number" ? [item(label, value, "collateral")] : [],
  );
  const summary = describeFailure(failure);
  return failure.stage === "collateral-parse" ? unavailable(code, summary, evidence) : fail(code, summary, evidence);
}

function withoutCollateral({ collateral }: Case): Finding {
  if (collateral.status === "unavailable") {
    return unavailable("collateral-not-obtained", `Intel's reference data did not come: ${collateral.reason}.`);
  }
  return skip("Nobody gave Intel's reference data for this machine.", "collateral-missing");
}

/** A step that one verification answers, and what it says when it passes. */
async function answered(
  opened: Case,
  step: VerificationStep,
  summary: (maker: string) => string,
  evidenceOf: (verified: VerifiedQuote, hardware: Hardware) => readonly EvidenceItem[],
): Promise<Finding> {
  const hardware = await opened.hardware();
  const result = await stopped(opened, step);
  if ("finding" in result) return result.finding;
  const maker = hardware?.environment === "production" ? "Intel" : "the simulated platform";
  const { verification } = result;
  return pass(summary(maker), verification.ok && hardware !== null ? evidenceOf(verification.value, hardware) : []);
}

/** `dcap.crl`. */
export async function judgeRevocation(opened: Case): Promise<Finding> {
  return await answered(
    opened,
    "dcap.crl",
    () => "Neither the machine's certificate, nor its issuers, nor the signer of the reference data are revoked.",
    (_, { collateral }) =>
      collateral === null
        ? []
        : [...listItems("root CA", collateral.rootCaCrl), ...listItems("PCK CA", collateral.pckCrl)],
  );
}

function listItems(issuer: string, { crlNumber, thisUpdate, nextUpdate }: Crl): readonly EvidenceItem[] {
  return [
    item(`Number of the list of the ${issuer}`, String(crlNumber), "collateral"),
    item("Made", formatRfc3339Utc(thisUpdate), "collateral", "time"),
    item("Good until", formatRfc3339Utc(nextUpdate), "collateral", "time"),
  ];
}

/** `dcap.qe`. */
export async function judgeQuotingEnclave(opened: Case): Promise<Finding> {
  return await answered(
    opened,
    "dcap.qe",
    (maker) =>
      `The machine's key vouches for the quoting enclave, which is ${maker}'s and vouches for the signing key.`,
    ({ quote: { qeReport } }, { collateral }) => [
      item("MRSIGNER", qeReport.mrSigner, "quote", "hex"),
      item("ISVPRODID", qeReport.isvProdId, "quote"),
      item("ISVSVN", qeReport.isvSvn, "quote"),
      item("MISCSELECT", qeReport.miscSelect, "quote", "hex"),
      item("ATTRIBUTES", qeReport.attributes, "quote", "hex"),
      ...(collateral === null
        ? []
        : [
            item("MISCSELECT of Intel's", collateral.qeIdentity.miscSelect, "collateral", "hex"),
            item("Bits of MISCSELECT that count", collateral.qeIdentity.miscSelectMask, "collateral", "hex"),
            item("ATTRIBUTES of Intel's", collateral.qeIdentity.attributes, "collateral", "hex"),
            item("Bits of ATTRIBUTES that count", collateral.qeIdentity.attributesMask, "collateral", "hex"),
          ]),
    ],
  );
}

/** `dcap.sig`. */
export async function judgeSignature(opened: Case): Promise<Finding> {
  return await answered(
    opened,
    "dcap.sig",
    () => "Every value of the quote is as it was signed.",
    ({ quote: { signature, attestationKey } }) => [
      item("Signature, r", toHex(signature.subarray(0, 32)), "quote", "hex"),
      item("Signature, s", toHex(signature.subarray(32)), "quote", "hex"),
      item("Attestation key, x and y", toHex(attestationKey), "quote", "hex"),
    ],
  );
}

/** `dcap.collateral`. */
export async function judgeCollateral(opened: Case): Promise<Finding> {
  const outdated = (await opened.hardware())?.outdated ?? null;
  if (outdated !== null) return failed(outdated);
  const { collateral } = opened;
  const source = collateral.status === "given" ? collateral.source : "nowhere";
  return await answered(
    opened,
    "dcap.collateral",
    (maker) => `The reference data is signed by ${maker}, current, and for this machine's model.`,
    (verified) => [
      item("Taken from", source, "collateral"),
      item("Evaluation data number", verified.tcbEvaluationDataNumber.tcbInfo, "collateral"),
      item("Good until", formatRfc3339Utc(verified.earliestExpiration), "collateral", "time"),
      item("Days left", Math.floor((verified.earliestExpiration - opened.request.now) / 86_400), "collateral"),
    ],
  );
}

/** `td.module`. */
export async function judgeModule(opened: Case): Promise<Finding> {
  return await answered(
    opened,
    "td.module",
    (maker) => `The TDX module is one that ${maker} lists, and no service domain is bound to this one.`,
    ({ quote, tdxModuleStatus }) => [
      item("MRSEAM", quote.report.mrSeam, "quote", "hex"),
      item("TEE TCB SVN", quote.report.teeTcbSvn, "quote", "hex"),
      item("Status", tdxModuleStatus ?? "without levels of its own", "collateral"),
    ],
  );
}
