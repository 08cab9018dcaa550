import { GITHUB_ACTIONS_ISSUER, laneIdentity, type LaneSigner, type ReleaseLane } from "@mero-tee/release-artifacts";
import type { ExpectedIdentity } from "@mero-tee/release-artifacts/sigstore";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure } from "./cli-failure.ts";
import type { Ports } from "./context.ts";
import { readVariable } from "./environment.ts";
import { refusalOfCli, type Refusal } from "./failure-view.ts";
import { optionalFlag, type OptionalFlag } from "./flags.ts";
import { repositorySetting } from "./repository-setting.ts";
import { loadTrustedRoot } from "./trusted-root-file.ts";

/** What a command line says about whose signatures count. */
export interface SignerFlags {
  readonly repo?: string;
  readonly trustedRoot?: string;
  readonly identity?: string;
  readonly identityRegex?: string;
  readonly issuer?: string;
}

/** The definitions behind {@link SignerFlags}, without the repository. */
export const SIGNER_FLAGS: { readonly [K in Exclude<keyof SignerFlags, "repo">]-?: OptionalFlag<string> } = {
  trustedRoot: optionalFlag(String, "FILE", "Sigstore trusted root (default: the one compiled in)"),
  identity: optionalFlag(String, "STRING", "Signer to demand instead of the lane's workflow"),
  identityRegex: optionalFlag(String, "REGEX", "The same as a regular expression for the whole of it"),
  issuer: optionalFlag(String, "URL", "OpenID provider to demand instead of GitHub's"),
};

/** Whose signatures count, and what departs from the lane's own. */
export interface ReleaseSigner {
  readonly signer: LaneSigner;
  readonly repository: string;
  /** By name, what was overridden: an operator has to see it, in text and in JSON. */
  readonly overrides: Readonly<Record<string, string>>;
}

/**
 * Settles whose signatures count: flags, then the environment variables that cosign's users know, then the lane's own identity.
 *
 * Errors: `usage-invalid`, those of the file, `trusted-root-malformed` and its siblings.
 */
export async function releaseSigner(
  ports: Ports,
  lane: ReleaseLane,
  flags: SignerFlags,
): Promise<Result<ReleaseSigner, Refusal>> {
  if (flags.identity !== undefined && flags.identityRegex !== undefined) {
    return err(refusalOfCli(cliFailure("usage-invalid", "--identity and --identity-regex exclude each other.")));
  }
  const setting = repositorySetting(flags.repo, ports.environment);
  if (!setting.ok) return err(refusalOfCli(setting.error));
  const { repository, decidedBy } = setting.value;
  const overrides: Record<string, string> = decidedBy === null ? {} : { repository };
  const pattern = flags.identityRegex ?? setOr(readVariable(ports.environment, "COSIGN_CERTIFICATE_IDENTITY_REGEXP"));
  const issuer = flags.issuer ?? setOr(readVariable(ports.environment, "COSIGN_CERTIFICATE_OIDC_ISSUER"));
  let identity: ExpectedIdentity = laneIdentity(lane, repository);
  if (flags.identity !== undefined) identity = { exact: flags.identity };
  else if (pattern !== undefined) identity = { pattern };
  if ("pattern" in identity) overrides["identityRegex"] = identity.pattern;
  else if (flags.identity !== undefined) overrides["identity"] = identity.exact;
  if (issuer !== undefined) overrides["issuer"] = issuer;

  if ("pattern" in identity && !isPattern(identity.pattern)) {
    return err(refusalOfCli(cliFailure("usage-invalid", "The identity to demand is no regular expression.")));
  }
  const trustedRoot = await loadTrustedRoot(ports, flags.trustedRoot);
  if (!trustedRoot.ok) return trustedRoot;
  if (flags.trustedRoot !== undefined) overrides["trustedRoot"] = flags.trustedRoot;
  return ok({
    signer: { identity, issuer: issuer ?? GITHUB_ACTIONS_ISSUER, trustedRoot: trustedRoot.value },
    repository,
    overrides,
  });
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, "u").source !== "";
  } catch {
    // The engine's words differ between run times.
    return false;
  }
}

function setOr(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}
