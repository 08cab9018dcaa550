import { type Anchors, INTEL_TRUST_AUTHORITY } from "@mero-tee/appraisal";
import { laneIdentity } from "@mero-tee/release-artifacts";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import type { Ports } from "../context.ts";
import { refusalOfCli, type Refusal } from "../failure-view.ts";
import { releaseSigner } from "../release-signer.ts";
import { loadRootCa } from "../root-ca-file.ts";
import type { AppraisalFlags } from "./appraisal-flags.ts";

/** What an appraisal trusts, and the repository whose releases it reads. */
export interface LoadedAnchors {
  readonly anchors: Anchors;
  readonly repository: string;
}

/** Settles what is trusted: compiled in, or replaced by flags. Errors: those of the files and settings. */
export async function loadAnchors(ports: Ports, flags: AppraisalFlags): Promise<Result<LoadedAnchors, Refusal>> {
  const rootCa = flags.rootCa === undefined ? ok(null) : await loadRootCa(ports.files, flags.rootCa);
  if (!rootCa.ok) return err(refusalOfCli(rootCa.error));
  const signer = await releaseSigner(ports, "kms", {
    ...(flags.repo === undefined ? {} : { repo: flags.repo }),
    ...(flags.trustedRoot === undefined ? {} : { trustedRoot: flags.trustedRoot }),
  });
  if (!signer.ok) return signer;
  const { repository } = signer.value;
  const { trustedRoot, issuer } = signer.value.signer;
  const anchors: Anchors = {
    ...(rootCa.value === null ? {} : { rootCa: rootCa.value }),
    release: {
      trustedRoot,
      issuer,
      identities: { kms: laneIdentity("kms", repository), node: laneIdentity("node", repository) },
    },
    // It is not asked by this command; an evidence file may hold its answer.
    trustAuthority: INTEL_TRUST_AUTHORITY,
    // The releases are listed by their host, whom whoever runs this asks without a courier in between.
    newestRelease: { kms: null, node: null },
  };
  return ok({ anchors, repository });
}
