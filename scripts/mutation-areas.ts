const core = (...names: readonly string[]): readonly string[] =>
  names.map((name) => `packages/tdx-quote/src/${name}.ts`);
const policy = (...names: readonly string[]): readonly string[] =>
  names.map((name) => `packages/policy/src/${name}.ts`);

/** The code that judges, by what it judges: what `pnpm mutation` changes, and scores on its own. */
export const MUTATION_AREAS = {
  verify: core(
    "attestation-key-memory",
    "intel-root-ca",
    "judge-collateral",
    "judge-endorsements",
    "judge-pck-chain",
    "judge-quote-signatures",
    "judgement-memory",
    "p256",
    "prepared-anchor",
    "qe-identity",
    "qe-report",
    "quote-verifier",
    "required-signatures",
    "signature-checks",
    "td-attributes",
    "verify-pck-chain",
    "verify-quote",
  ),
  tcb: core("judge-tcb", "reach-level", "tcb-info", "tcb-level", "tcb-shortfall", "tcb-status", "tdx-module"),
  forecast: core("forecast-tcb"),
  chain: core("certificate-chain", "chain-links", "crl", "validity-window"),
  replay: core(
    "ccel",
    "dstack-event-log",
    "dstack-runtime-event",
    "event-log",
    "parse-event-log",
    "replay",
    "runtime-event-lookup",
  ),
  policy: policy(
    "appraisal-policy",
    "document-reader",
    "environment-policy",
    "evaluate-policy",
    "measurement",
    "measurement-set",
    "policy-families",
    "reference-list",
    "release-policy",
    "tcb-status-word",
  ),
} as const satisfies Record<string, readonly string[]>;

type MutationArea = keyof typeof MUTATION_AREAS;

/** Every area, in the order of the table. */
export const MUTATION_AREA_NAMES: readonly MutationArea[] = ["verify", "tcb", "forecast", "chain", "replay", "policy"];
