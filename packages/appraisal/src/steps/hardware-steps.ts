import { describeFailure, type Failure, formatRfc3339Utc, type VerifiedQuote } from "@mero-tee/tdx-quote";
import type { Result } from "@mero-tee/tdx-quote/result";

import type { Case } from "../case.ts";
import { fail, item, pass, skip, unavailable } from "../finding.ts";
import { type Hardware, outcomeOf, type VerificationStep } from "../hardware.ts";
import type { EvidenceItem, Finding } from "../step.ts";

const ROOTS: Readonly<Record<Hardware["environment"], string>> = {
  production: "Intel's SGX root CA",
  simulated: "a simulated root, which proves nothing",
  mock: "nothing",
  unknown: "an unknown root",
};

/** `dcap.chain`. */
export async function judgeChain(opened: Case): Promise<Finding> {
  const hardware = await opened.hardware();
  if (hardware === null) return skip("There is no quote.", "evidence-missing");
  const { chain, environment } = hardware;
  if (chain.ok) {
    return pass(`The machine's certificate was issued under ${ROOTS[environment]}.`, [
      item("Root", ROOTS[environment], "quote"),
      item("Platform model (FMSPC)", chain.value.fmspc, "quote", "hex"),
      item("PCE id", chain.value.pceId, "quote", "hex"),
      item("Issued by", `Intel SGX PCK ${chain.value.ca} CA`, "quote"),
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
  evidenceOf: (verified: VerifiedQuote) => readonly EvidenceItem[],
): Promise<Finding> {
  const result = await stopped(opened, step);
  if ("finding" in result) return result.finding;
  const maker = (await opened.hardware())?.environment === "production" ? "Intel" : "the simulated platform";
  return pass(summary(maker), result.verification.ok ? evidenceOf(result.verification.value) : []);
}

/** `dcap.crl`. */
export async function judgeRevocation(opened: Case): Promise<Finding> {
  return await answered(
    opened,
    "dcap.crl",
    () => "Neither the machine's certificate, nor its issuers, nor the signer of the reference data are revoked.",
    () => [],
  );
}

/** `dcap.qe`. */
export async function judgeQuotingEnclave(opened: Case): Promise<Finding> {
  return await answered(
    opened,
    "dcap.qe",
    (maker) =>
      `The machine's key vouches for the quoting enclave, which is ${maker}'s and vouches for the signing key.`,
    ({ quote }) => [
      item("MRSIGNER", quote.qeReport.mrSigner, "quote", "hex"),
      item("ISVPRODID", quote.qeReport.isvProdId, "quote"),
      item("ISVSVN", quote.qeReport.isvSvn, "quote"),
    ],
  );
}

/** `dcap.sig`. */
export async function judgeSignature(opened: Case): Promise<Finding> {
  return await answered(
    opened,
    "dcap.sig",
    () => "Every value of the quote is as it was signed.",
    () => [],
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
