import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { dirname } from "node:path";
import { emptyPolicyFields } from "@mero-tee/policy";
import { describeFailure, type Failure, type TdxQuote } from "@mero-tee/tdx-quote";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import { CLOCK_TOLERANCE_MS } from "../challenge/shared-challenge-store.ts";
import { createCollateralSources } from "../collateral/collateral-sources.ts";
import { type Config, parseConfig } from "../config.ts";
import { loadSettingFiles, type SettingFiles } from "../config/setting-files-store.ts";
import { createDstackAgent } from "../dstack-client.ts";
import { createEvidence } from "../evidence.ts";
import type { GuestAgent, GuestAgentError } from "../guest-agent.ts";
import { choosePolicySource } from "../policy/choose-policy-source.ts";
import { createRedisSpentSet } from "../redis-spent-client.ts";
import type { ServiceDeps } from "../service.ts";
import { judgeTlsKey } from "../tls/tls-credentials.ts";
import { adviceForEvidence } from "./advice.ts";
import { DIAGNOSIS_CHECKS, type Diagnosis, type DiagnosisCheck, type Finding } from "./finding.ts";
import { failed, fine, sentence, skipped, warning } from "./found.ts";
import { portFindings } from "./port-findings.ts";

/** The world that a diagnosis looks at. */
type DiagnosisDeps = Pick<ServiceDeps, "env" | "pinFile" | "clock" | "fetch" | "fetchTrusting" | "builtAs">;

// No key of a node has this path: a node's ends in its peer id.
const PROBE_PATH = "mero-kms/diagnosis/v1";

/**
 * Looks at everything that a key release needs, with the code that the service itself uses, and changes nothing but that a
 * Redis without a generation gets one, as from any instance. Every question has a time limit; nothing secret is reported.
 */
export async function diagnose(deps: DiagnosisDeps): Promise<Diagnosis> {
  const config = parseConfig(deps.env, deps.pinFile, deps.builtAs);
  if (!config.ok) {
    const problems = config.error.map(({ code, setting, message }) =>
      failed("configuration", code, `${setting}: ${message}.`),
    );
    return report(problems, () => "the configuration cannot be used");
  }
  const files = await loadSettingFiles(config.value);
  if (!files.ok) {
    const { setting, reason } = files.error;
    const unusable = failed("configuration", "settings-file-unusable", `${setting}: ${sentence(reason)}`);
    return report([unusable], () => "the configuration cannot be used");
  }
  const findings = await Promise.all([
    platformFindings(config.value, files.value, deps),
    policyFindings(config.value, files.value, deps),
    redisFindings(config.value, files.value, deps),
    auditFindings(config.value),
    portFindings(config.value, deps.fetch),
  ]);
  return report([...configurationFindings(config.value), ...findings.flat()], (check) =>
    check === "clock" ? "there is nothing to compare it with" : "it takes a guest agent that answers",
  );
}

/** Puts findings in the order of the checks; a check without any is skipped. */
function report(found: readonly Finding[], reasonOf: (check: DiagnosisCheck) => string): Diagnosis {
  const findings = DIAGNOSIS_CHECKS.flatMap((check): readonly Finding[] => {
    const own = found.filter((finding) => finding.check === check);
    const telling = own.filter(({ status }) => status !== "ok");
    // That one comparison was in order says nothing beside one that was not, and two make one line.
    return telling.length > 0 ? telling : own.length > 0 ? [together(check, own)] : [skipped(check, reasonOf(check))];
  });
  return { healthy: findings.every(({ status }) => status !== "failed"), findings };
}

function together(check: DiagnosisCheck, findings: readonly Finding[]): Finding {
  return fine(check, findings.map(({ message }) => message).join(" "));
}

function configurationFindings(config: Config): readonly Finding[] {
  const conditions = [
    { isSet: config.simulatedRootCaFile !== null, code: "simulated-root", says: "A simulated root replaces Intel's." },
    {
      isSet: config.sigstoreTrustedRootFile !== null,
      code: "sigstore-root-replaced",
      says: "Another Sigstore than the public one vouches for policies.",
    },
    { isSet: config.acceptMockAttestation, code: "mock-quotes-accepted", says: "Mock quotes are accepted." },
    { isSet: !config.enforceMeasurementPolicy, code: "policy-not-enforced", says: "The policy is not enforced." },
  ] as const;
  const own = conditions.flatMap(({ isSet, code, says }) => (isSet ? [warning("configuration", code, says)] : []));
  const rest = config.warnings
    // Those two are conditions, above.
    .filter((text) => !/^(?:ACCEPT_MOCK_ATTESTATION|ENFORCE_MEASUREMENT_POLICY) is /.test(text))
    .map((text) => warning("configuration", "setting-warning", `${text}.`));
  const pin = config.isPinned ? "pinned by the image" : "not pinned";
  return [...own, ...rest, fine("configuration", `It would start, as ${config.profile}, ${pin}.`)];
}

/** The guest agent, and what its own quote shows of collateral and clock. */
async function platformFindings(config: Config, files: SettingFiles, deps: DiagnosisDeps): Promise<readonly Finding[]> {
  const agent = createDstackAgent({ socketPath: config.dstackSocketPath });
  const key = await agent.deriveKey(PROBE_PATH);
  if (!key.ok) return [agentFailure("gives no key", key.error)];
  key.value.wipe();
  const quoted = await agent.quote(crypto.getRandomValues(new Uint8Array(64)));
  if (!quoted.ok) return [agentFailure("gives no quote", quoted.error)];
  const found = [fine("guest agent", "It gives keys and quotes.")];
  const tls = await tlsFinding(config, agent, deps.clock);
  return [...found, tls, ...(await collateralFindings(quoted.value.quote, config, files, deps))];
}

/** Where TLS ends; if that is here, what the guest agent certifies, judged as at a start. */
async function tlsFinding(
  { tls }: Config,
  agent: Pick<GuestAgent, "tlsKey">,
  clock: DiagnosisDeps["clock"],
): Promise<Finding> {
  if (tls.mode === "off") return fine("TLS", "It ends before this service, which speaks plain HTTP.");
  const issued = await agent.tlsKey(tls.names);
  if (!issued.ok) return failed("TLS", issued.error.code, `No certificate: ${sentence(issued.error.reason)}`);
  const judged = judgeTlsKey(issued.value, tls.names, Math.floor(clock.wallMs() / 1000));
  issued.value.keyPem.wipe();
  if (!judged.ok) return failed("TLS", "tls-certificate-unusable", sentence(judged.error));
  return fine("TLS", `It ends here, under a certificate for ${tls.names.join(", ")}.`);
}

function agentFailure(what: string, { code, reason }: GuestAgentError): Finding {
  return failed("guest agent", code, `It ${what}: ${sentence(reason)}`);
}

async function collateralFindings(
  quote: TdxQuote,
  config: Config,
  { root, pccsCa }: SettingFiles,
  { clock, fetch, fetchTrusting }: DiagnosisDeps,
): Promise<readonly Finding[]> {
  const ways = { fetch, fetchFromPccs: pccsCa === null ? fetch : fetchTrusting(pccsCa) };
  const evidence = createEvidence({
    sources: createCollateralSources(config.collateral.origins, "standard", ways),
    now: () => Math.floor(clock.wallMs() / 1000),
    rootCa: root?.der ?? null,
    maxWaits: 1,
  });
  const judged = await judge(quote, evidence);
  if (!judged.ok) return [evidenceFailure(judged.error)];
  const status = judged.value;
  const inTime = fine("clock", "It agrees with what is signed.");
  if (status === "UpToDate") {
    return [fine("collateral", "It comes, and this machine's own quote verifies: UpToDate."), inTime];
  }
  const says = `This machine's own quote verifies, with TCB status ${status}.`;
  return [warning("collateral", "platform-tcb-behind", says), inTime];
}

async function judge(quote: TdxQuote, evidence: ReturnType<typeof createEvidence>): Promise<Result<string, Failure>> {
  const platform = await evidence.platformOf(quote);
  if (!platform.ok) return platform;
  const collateral = await evidence.collateralFor(platform.value);
  if (!collateral.ok) return collateral;
  const verified = await evidence.verify(quote, collateral.value);
  return verified.ok ? ok(verified.value.tcbStatus) : verified;
}

function evidenceFailure(failure: Failure): Finding {
  if (failure.code.endsWith("-not-yet-valid")) {
    return failed("clock", "clock-behind-collateral", "It is behind what Intel has signed already.");
  }
  const message = `This machine's own quote: ${describeFailure(failure)}`;
  return { check: "collateral", status: "failed", code: failure.code, message, advice: adviceForEvidence(failure) };
}

async function policyFindings(
  config: Config,
  { sigstoreRoot }: SettingFiles,
  { fetch }: DiagnosisDeps,
): Promise<readonly Finding[]> {
  const source = choosePolicySource(config, fetch, sigstoreRoot?.trustedRoot);
  const loaded = await source.load();
  if (!loaded.ok) return [failed("policy", loaded.error.code, sentence(loaded.error.reason))];
  const { policy, sha256, signer } = loaded.value;
  const empty = emptyPolicyFields(policy);
  if (empty.length > 0 && config.enforceMeasurementPolicy && !config.acceptMockAttestation) {
    return [failed("policy", "policy-empty", `It accepts nobody; empty: ${empty.join(", ")}.`)];
  }
  if (sha256 !== null && signer === null) {
    return [warning("policy", "policy-unsigned", "It is not signed: whoever writes its file decides.")];
  }
  return [fine("policy", `It is there, from ${source.label}.`)];
}

async function redisFindings(
  config: Config,
  { tlsCa }: SettingFiles,
  { clock }: DiagnosisDeps,
): Promise<readonly Finding[]> {
  if (config.redis === null) return [fine("Redis", "None is set: this is the only instance.")];
  const set = createRedisSpentSet({ ...config.redis, tlsCa });
  try {
    const state = await set.open(() => undefined);
    if (!state.ok) {
      const { code, word } = state.error;
      return [failed("Redis", code, `It cannot be used${word === undefined ? "" : ` (${word})`}.`)];
    }
    const apartMs = Math.abs(state.value.timeMs - clock.wallMs());
    const answers = fine("Redis", "It answers, and evicts nothing.");
    if (apartMs <= CLOCK_TOLERANCE_MS) return [answers, fine("clock", "It agrees with that of Redis.")];
    const seconds = Math.round(apartMs / 1000);
    return [answers, failed("clock", "redis-clock-off", `It is ${seconds} seconds apart from that of Redis.`)];
  } finally {
    set.close();
  }
}

async function auditFindings({ auditFile }: Config): Promise<readonly Finding[]> {
  if (auditFile === null) return [fine("audit file", "None is kept.")];
  if ((await isWritable(auditFile)) || ((await isAbsent(auditFile)) && (await isWritable(dirname(auditFile))))) {
    return [fine("audit file", "It can be written.")];
  }
  return [failed("audit file", "audit-unwritable", "It cannot be written.")];
}

async function isWritable(path: string): Promise<boolean> {
  return can(path, constants.W_OK);
}

async function isAbsent(path: string): Promise<boolean> {
  return !(await can(path, constants.F_OK));
}

async function can(path: string, mode: number): Promise<boolean> {
  try {
    await access(path, mode);
    return true;
  } catch {
    // Why not is for the operator to see; the answer is no.
    return false;
  }
}
