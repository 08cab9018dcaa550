import type { KmsVerifier, PeerIdentity, QuoteProvider } from "@mero-tee/kms-protocol/client";
import { DEFAULT_PROFILE, PROFILES, type Profile } from "@mero-tee/policy";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure } from "./cli-failure.ts";
import type { CommonFlags } from "./command.ts";
import type { Ports } from "./context.ts";
import { refusalOfCli, type Refusal } from "./failure-view.ts";
import {
  AT_FLAG,
  optionalFlag,
  parseServiceUrl,
  PCCS_FLAG,
  POLICY_FLAG,
  ROOT_CA_FLAG,
  type OptionalFlag,
} from "./flags.ts";
import { loadIdentity } from "./identity-file.ts";
import { createKmsJudge } from "./kms-judge.ts";
import { warn } from "./output.ts";
import { loadPolicy } from "./policy-file.ts";
import { loadRootCa } from "./root-ca-file.ts";
import { createSimulatorClient } from "./simulator-client.ts";

/** The flags of every command that plays a node towards a KMS. */
export interface NodeFlags extends CommonFlags {
  readonly identity: string;
  readonly simulator?: string;
  readonly profile: Profile;
  readonly policy?: string;
  readonly rootCa?: string;
  readonly pccs?: string;
  readonly at?: number;
}

/** The definitions behind {@link NodeFlags}, without `--json`. */
export const NODE_FLAGS: {
  readonly identity: Omit<OptionalFlag<string>, "optional">;
  readonly simulator: OptionalFlag<string>;
  readonly profile: {
    readonly kind: "enum";
    readonly values: readonly Profile[];
    readonly default: Profile;
    readonly brief: string;
  };
  readonly policy: OptionalFlag<string>;
  readonly rootCa: OptionalFlag<string>;
  readonly pccs: OptionalFlag<string>;
  readonly at: OptionalFlag<number>;
} = {
  identity: {
    kind: "parsed",
    parse: String,
    placeholder: "KEYFILE",
    brief: "The node's Ed25519 private key: PKCS#8 PEM, or a 32-byte seed in hex",
  },
  simulator: optionalFlag(parseServiceUrl, "URL", "Take the node's quote from this simulated platform"),
  profile: {
    kind: "enum",
    values: PROFILES,
    default: DEFAULT_PROFILE,
    brief: "Profile of the node, and of the policy",
  },
  policy: { ...POLICY_FLAG, brief: "Verify the KMS by this attestation policy before anything is sent to it" },
  rootCa: ROOT_CA_FLAG,
  pccs: {
    ...PCCS_FLAG,
    brief: "Fetch collateral from here (default: Intel's PCS; with --simulator and --root-ca the simulator)",
  },
  at: AT_FLAG,
};

/** A node that is ready to talk to a KMS. */
export interface NodeSide {
  readonly identity: PeerIdentity;
  readonly quoteProvider: QuoteProvider;
  /** Null where no policy was given: then the KMS is nobody in particular. */
  readonly verifyKms: KmsVerifier | null;
  /** The binding that the policy asks the KMS to quote. */
  readonly binding: Uint8Array<ArrayBuffer> | null;
}

/**
 * Makes a node out of the command line: its identity, its quotes, and how it judges the KMS.
 *
 * Without a policy the KMS is not verified, and standard error says so.
 */
export async function createNodeSide(
  ports: Ports,
  flags: NodeFlags,
  kmsUrl: string,
): Promise<Result<NodeSide, Refusal>> {
  const { simulator: simulatorUrl, profile } = flags;
  if (simulatorUrl === undefined) {
    const message =
      "A node needs something that quotes it: give --simulator URL (this machine's own TDX device is not used).";
    return err(refusalOfCli(cliFailure("usage-invalid", message)));
  }
  const identity = await loadIdentity(ports.files, flags.identity);
  if (!identity.ok) return identity;
  const judge = await createJudge(ports, flags);
  if (!judge.ok) return judge;
  if (judge.value.verifyKms === null) {
    warn(
      ports,
      `the KMS at ${kmsUrl} is NOT verified: without --policy, whoever answers there receives this node's evidence and chooses its key.`,
    );
  }
  const simulator = createSimulatorClient(ports.fetch, simulatorUrl);
  const quoteProvider: QuoteProvider = (reportData) => simulator.quote({ reportData, profile, role: "node" });
  return ok({ identity: identity.value, quoteProvider, ...judge.value });
}

async function createJudge(
  ports: Ports,
  flags: NodeFlags,
): Promise<Result<Pick<NodeSide, "verifyKms" | "binding">, Refusal>> {
  const rootCa = flags.rootCa === undefined ? ok(null) : await loadRootCa(ports.files, flags.rootCa);
  if (!rootCa.ok) return err(refusalOfCli(rootCa.error));
  if (flags.policy === undefined) return ok({ verifyKms: null, binding: null });
  const policy = await loadPolicy(ports.files, { path: flags.policy, profile: flags.profile, role: "kms" });
  if (!policy.ok) return policy;
  const now = flags.at ?? ports.nowSeconds();
  const root = rootCa.value === null ? {} : { rootCa: rootCa.value };
  // A platform with a root of its own has collateral that Intel never heard of.
  const serviceUrl = flags.pccs ?? (rootCa.value === null ? undefined : flags.simulator);
  const verifyKms = createKmsJudge(ports, {
    policy: policy.value,
    now,
    ...root,
    ...(serviceUrl === undefined ? {} : { serviceUrl }),
  });
  return ok({ verifyKms, binding: policy.value.defaultBinding ?? null });
}
