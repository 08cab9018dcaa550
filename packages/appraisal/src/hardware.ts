import {
  type Certificate,
  type Collateral,
  type Failure,
  failure,
  forecastTcb,
  INTEL_SGX_ROOT_CA,
  parseCollateral,
  type PlatformModel,
  readPckCertificates,
  STAGES,
  type Stage,
  type TcbForecast,
  type TdxQuote,
  type VerifiedQuote,
  verifyPckChain,
  verifyQuote,
} from "@mero-tee/tdx-quote";
import { equalBytes } from "@mero-tee/tdx-quote/equal-bytes";
import type { Result } from "@mero-tee/tdx-quote/result";

import type { EnvironmentClass } from "./report.ts";
import type { Supply } from "./request.ts";
import type { StepId } from "./step.ts";

/** What can be said about who made a quote. */
export interface Hardware {
  readonly environment: EnvironmentClass;
  /** The PCK chain alone, which needs no collateral. */
  readonly chain: Result<PlatformModel, Failure>;
  /** The three certificates of a chain that holds, leaf first; else none. */
  readonly certificates: readonly Certificate[];
  /** As it was given, where it can be read; authenticated only by {@link verification}. */
  readonly collateral: Collateral | null;
  /** Everything, up to the attributes of the domain; null without collateral. */
  readonly verification: Result<VerifiedQuote, Failure> | null;
  /** The first of Intel's documents that is out of date, whatever else is wrong; null for none, or none that can be read. */
  readonly outdated: Failure | null;
  /** What Intel's early collateral will make of it; null where that was not given, or nothing is verified. */
  readonly forecast: Result<TcbForecast, Failure> | null;
}

/** What {@link judgeHardware} works with. */
export interface HardwareInput {
  readonly collateral: Supply<string>;
  readonly earlyCollateral: Supply<string>;
  readonly rootCa: Uint8Array | undefined;
  /** Unix seconds. */
  readonly now: number;
}

/** Judges chain, collateral and signatures of a quote, and tells whose root they stand on. */
export async function judgeHardware(quote: TdxQuote, input: HardwareInput): Promise<Hardware> {
  const { collateral, earlyCollateral, now } = input;
  const root = input.rootCa === undefined ? {} : { rootCa: input.rootCa };
  const parsed = collateral.status === "given" ? parseCollateral(collateral.value) : null;
  const pem = parsed?.ok === true ? parsed.value.bundle.pck_certificate_chain : undefined;
  const chain = await verifyPckChain(quote, {
    now,
    ...root,
    ...(pem === undefined ? {} : { pckCertificateChain: pem }),
  });
  const verification =
    collateral.status === "given" ? await verifyQuote(quote, collateral.value, { now, ...root }) : null;
  const forecast =
    verification?.ok === true && earlyCollateral.status === "given"
      ? await forecastTcb(verification.value, earlyCollateral.value, { now, ...root })
      : null;
  const taken = parsed?.ok === true ? parsed.value : null;
  const certificates = chain.ok ? readPckCertificates(quote, pem) : chain;
  return {
    environment: environmentOf(chain, input.rootCa),
    chain,
    certificates: certificates.ok ? certificates.value : [],
    collateral: taken,
    verification,
    outdated: taken === null ? null : outdatedDocument(taken, now),
    forecast,
  };
}

/** Verification names the first thing that is wrong; that reference data has expired is worth knowing beside it. */
function outdatedDocument({ tcbInfo, qeIdentity }: Collateral, now: number): Failure | null {
  const documents = [
    { stage: "tcb-info", ...tcbInfo },
    { stage: "qe-identity", ...qeIdentity },
  ] as const;
  for (const { stage, issueDate, nextUpdate } of documents) {
    if (now > nextUpdate) return failure(stage, `${stage}-expired`, { expected: nextUpdate, actual: now });
    if (now < issueDate) return failure(stage, `${stage}-not-yet-valid`, { expected: issueDate, actual: now });
  }
  return null;
}

function environmentOf(chain: Result<PlatformModel, Failure>, rootCa: Uint8Array | undefined): EnvironmentClass {
  if (!chain.ok) return "unknown";
  return rootCa === undefined || equalBytes(rootCa, INTEL_SGX_ROOT_CA) ? "production" : "simulated";
}

/** Steps that one verification answers, with the last of its stages that each of them needs. */
const LAST_STAGE: Readonly<Record<VerificationStep, Stage>> = {
  "dcap.collateral": "pck-chain",
  "dcap.crl": "pck-chain",
  "dcap.qe": "qe-report",
  "dcap.sig": "quote-signature",
  "tcb.status": "tcb-status",
  "td.module": "td-attributes",
};

/** One of the steps that a verification answers. */
export type VerificationStep = StepId &
  ("dcap.collateral" | "dcap.crl" | "dcap.qe" | "dcap.sig" | "tcb.status" | "td.module");

/** Verification stops at the first thing that does not hold: it answers for what came before, and for nothing after. */
export type StageOutcome =
  | { readonly status: "passed" }
  | { readonly status: "failed"; readonly failure: Failure }
  | { readonly status: "not-reached"; readonly stoppedAt: StepId };

/** What a verification says about one of its steps. */
export function outcomeOf(step: VerificationStep, verification: Result<VerifiedQuote, Failure>): StageOutcome {
  if (verification.ok) return { status: "passed" };
  const refusal = verification.error;
  const stoppedAt = stepOfFailure(refusal);
  if (stoppedAt === step) return { status: "failed", failure: refusal };
  const isBehind = STAGES.indexOf(LAST_STAGE[step]) < STAGES.indexOf(refusal.stage);
  return isBehind ? { status: "passed" } : { status: "not-reached", stoppedAt };
}

/** The step that a failure of the verification belongs to. */
// oxlint-disable-next-line typescript/consistent-return -- the switch is exhaustive, which the compiler checks
function stepOfFailure({ stage, code, facts }: Failure): StepId {
  const isAboutRevocation = code === "certificate-revoked" || code.startsWith("crl-");
  switch (stage) {
    case "quote-parse":
      return "quote.parse";
    case "collateral-parse":
    case "trust-anchor":
      return facts.subject === "PCK chain" || code === "quote-certification-data-unsupported"
        ? "dcap.chain"
        : "dcap.collateral";
    case "crl":
      return "dcap.crl";
    case "tcb-info":
    case "qe-identity":
      return isAboutRevocation ? "dcap.crl" : "dcap.collateral";
    case "pck-chain":
      if (isAboutRevocation || facts.subject === "PCK CRL issuer") return "dcap.crl";
      return code === "fmspc-mismatch" || code === "pce-id-mismatch" ? "dcap.collateral" : "dcap.chain";
    case "qe-report":
      return "dcap.qe";
    case "quote-signature":
      return "dcap.sig";
    case "tcb-status":
      return code === "tdx-module-mismatch" ? "td.module" : "tcb.status";
    case "td-attributes":
      return code === "td-service-td-present" ? "td.module" : "td.attributes";
    case "report-data":
    case "event-log":
    case "fetch":
    case "forecast":
      return "dcap.collateral";
  }
}
