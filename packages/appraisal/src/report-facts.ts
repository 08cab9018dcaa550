import { appId, findRuntimeEvent } from "@mero-tee/tdx-quote";
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "@mero-tee/tdx-quote/hex";

import type { Case } from "./case.ts";
import { chainFacts } from "./chain-facts.ts";
import { onlyProfile } from "./compare-registers.ts";
import { readKeyProvider } from "./key-provider.ts";
import type { OpinionRow, ReportFacts } from "./report.ts";
import { compareClaims, STATUS_CLAIM } from "./trust-authority-claims.ts";

/** Collects what views draw; every value of it was seen by a step. */
export async function collectFacts(opened: Case): Promise<ReportFacts> {
  const { view, quote, replay } = opened;
  const hardware = await opened.hardware();
  const verified = hardware?.verification?.ok === true ? hardware.verification.value : null;
  const choice = await opened.release();
  const comparison = await opened.comparison();
  const release = choice?.outcome === "chosen" ? choice.release : null;
  const profile = comparison === null ? null : onlyProfile(comparison);
  return {
    quote: view,
    quoteSha256: quote?.parsed.ok === true ? toHex(sha256(quote.parsed.value.quoteBytes)) : null,
    platform: hardware?.chain.ok === true ? hardware.chain.value : null,
    chain: chainFacts(hardware?.certificates ?? []),
    tcb:
      verified === null
        ? null
        : {
            status: verified.tcbStatus,
            platform: verified.tcbLevelStatus,
            module: verified.tdxModuleStatus,
            qe: verified.qeStatus,
            short: verified.short,
            advisoryIds: verified.advisoryIds,
            evaluationDataNumber: verified.tcbEvaluationDataNumber.tcbInfo,
          },
    replay,
    registers: (comparison?.matching[0] ?? comparison?.closest)?.registers ?? [],
    release: release === null ? null : { tag: release.material.tag, publishedAt: release.material.publishedAt },
    profile,
    closestProfile: comparison?.matching.length === 0 ? (comparison.closest?.reference.profile ?? null) : null,
    ...applicationFacts(opened),
    signatures: release?.signatures.map(({ signature }) => signature) ?? [],
    opinion: await opinionRows(opened),
  };
}

/** What a token whose signature holds says about each value that is known here, too. */
async function opinionRows(opened: Case): Promise<readonly OpinionRow[]> {
  const token = await opened.trustAuthorityToken();
  if (token?.ok !== true || opened.view === null) return [];
  const verification = (await opened.hardware())?.verification;
  const own = verification?.ok === true ? verification.value : null;
  const { claims, tcbStatus, evaluationDataNumber } = compareClaims(token.value.claims, opened.view);
  return [
    ...claims.map(({ claim, claimed, quoted }) => ({ claim, theirs: claimed, ours: quoted })),
    { claim: STATUS_CLAIM, theirs: tcbStatus, ours: own?.tcbStatus ?? null },
    {
      claim: "tcb_evaluation_data_number",
      theirs: evaluationDataNumber === null ? null : String(evaluationDataNumber),
      ours: own === null ? null : String(own.tcbEvaluationDataNumber.tcbInfo),
    },
  ];
}

/** From a log that leads to the quote's RTMR3, and from nothing else. */
function applicationFacts({
  log,
  replay,
  composeHash,
}: Case): Pick<ReportFacts, "composeHash" | "appId" | "instanceId" | "keyProvider"> {
  const isRebuilt = replay.find(({ register }) => register === "rtmr3")?.matches === true;
  if (log?.ok !== true || !isRebuilt) return { composeHash: null, appId: null, instanceId: null, keyProvider: null };
  const id = appId(log.value);
  const instance = findRuntimeEvent(log.value, "instance-id", "before-ready");
  const provider = readKeyProvider(log.value);
  return {
    composeHash,
    appId: id.ok ? id.value : null,
    instanceId: instance.ok && instance.value !== null ? toHex(instance.value) : null,
    keyProvider: provider === null || "problem" in provider ? null : provider,
  };
}
