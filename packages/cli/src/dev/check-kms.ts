import { askForEvidence, readKmsEvidence, type KmsClient } from "@mero-tee/kms-protocol/client";
import { evaluate, type AppraisalPolicy } from "@mero-tee/policy";
import {
  composeHash,
  encodeCollateral,
  parseCollateral,
  parseEventLog,
  verifyQuote,
  verifyReplay,
} from "@mero-tee/tdx-quote";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure } from "../cli-failure.ts";
import { fetchCollateralFor } from "../collateral-source.ts";
import type { Ports } from "../context.ts";
import { refusalOfCli, refusalOfEvidence, refusalOfKms, refusalOfPolicy, type Refusal } from "../failure-view.ts";
import type { Narrator } from "./narrator.ts";

/** What the node knows before it talks to anybody. */
export interface NodeTrust {
  /** Role `kms`. */
  readonly policy: AppraisalPolicy;
  /** DER. */
  readonly rootCa: Uint8Array<ArrayBuffer>;
  readonly collateralUrl: string;
}

/**
 * The node's first question: who are you? Nothing is sent to the KMS before the answer has been judged: fresh, genuine,
 * the expected code, and explained by its event log.
 */
export async function checkKms(
  ports: Ports,
  client: KmsClient,
  trust: NodeTrust,
  narrator: Narrator,
): Promise<Result<null, Refusal>> {
  const { policy, rootCa } = trust;
  const answered = await askForEvidence(client, policy.defaultBinding);
  if (!answered.ok) return err(refusalOfKms("attest", answered.error));
  const { asked, received } = answered.value;
  const evidence = readKmsEvidence(received, asked);
  if (!evidence.ok) return err(refusalOfKms("attest", evidence.error));
  const { quote, expectedReportData } = evidence.value;
  narrator.step({
    id: "kms-quote-fresh",
    title: "its quote is fresh",
    evidence: `it carries the random number ${short(toHex(asked.nonce))} that the node just made`,
  });

  const now = ports.nowSeconds();
  const bundle = await fetchCollateralFor(ports, { quote, now, rootCa, serviceUrl: trust.collateralUrl });
  const collateral = bundle.ok ? parseCollateral(encodeCollateral(bundle.value)) : bundle;
  if (!collateral.ok) return err(refusalOfEvidence(collateral.error));
  const verified = await verifyQuote(quote, collateral.value, { now, rootCa, expectedReportData });
  if (!verified.ok) return err(refusalOfEvidence(verified.error));
  narrator.step({
    id: "kms-quote-genuine",
    title: "its quote is genuine",
    evidence: `signed by a TDX platform, up to the root CA; TCB status ${verified.value.tcbStatus}`,
  });

  const accepted = evaluate(verified.value, policy);
  if (!accepted.ok) return err(refusalOfPolicy(accepted.error));
  narrator.step({
    id: "kms-code-expected",
    title: "it runs the expected code",
    evidence: `MRTD ${short(quote.report.mrtd)} and four more registers are in the policy`,
  });
  return explainKms(evidence.value.eventLog, quote.report, policy, narrator);
}

/** The event log turns registers into names: what was started, under which compose file. */
function explainKms(
  eventLog: unknown,
  report: Parameters<typeof verifyReplay>[1],
  policy: AppraisalPolicy,
  narrator: Narrator,
): Result<null, Refusal> {
  const log = parseEventLog(JSON.stringify(eventLog) ?? "", "dstack");
  if (!log.ok) return err(refusalOfEvidence(log.error));
  const replayed = verifyReplay(log.value, report);
  if (!replayed.ok) return err(refusalOfEvidence(replayed.error));
  const compose = composeHash(log.value);
  if (!compose.ok) return err(refusalOfEvidence(compose.error));
  const hash = compose.value;
  if (hash === null || policy.composeHashes?.includes(hash) !== true) {
    return err(
      refusalOfCli(
        cliFailure("boot-failed", "The event log of the KMS names a compose file that the policy does not."),
      ),
    );
  }
  narrator.step({
    id: "kms-event-log-replayed",
    title: "its event log explains it",
    evidence: `${log.value.events.length} events replay to the same registers; compose hash ${short(hash)}`,
  });
  return ok(null);
}

function short(hex: string): string {
  return `${hex.slice(0, 12)}…`;
}
