import {
  parseSigstoreBundle,
  parseTrustedRoot,
  type SigstoreError,
  type SigstoreOptions,
  type SignedArtifact,
  verifySigstore,
} from "@mero-tee/release-artifacts/sigstore";
import type { Result } from "@mero-tee/tdx-quote/result";
import { createSimulatedSigstore, type SignOptions } from "../src/sigstore/index.ts";

/** When files are signed, in Unix seconds. */
export const SIGNED_AT = 1_800_000_000;

/** Who signs. */
export const WHO = {
  identity: "https://github.com/example/release/.github/workflows/release.yaml@refs/heads/master",
  issuer: "https://token.actions.githubusercontent.com",
} as const;

export const FILE = new TextEncoder().encode("a release file\n");

export const sigstore = createSimulatedSigstore({ now: SIGNED_AT, seed: "tests" });

const parsedRoot = parseTrustedRoot(sigstore.trustedRoot);
if (!parsedRoot.ok) throw new Error(JSON.stringify(parsedRoot.error));

/** What the tests demand where they say nothing else. */
export const EXPECTED: SigstoreOptions = {
  trustedRoot: parsedRoot.value,
  identity: { exact: WHO.identity },
  issuer: WHO.issuer,
};

/** Parses and verifies a bundle for {@link FILE}. */
export async function verdictOn(
  bundleJson: string,
  options: SigstoreOptions = EXPECTED,
): Promise<Result<SignedArtifact, SigstoreError>> {
  const bundle = parseSigstoreBundle(bundleJson);
  return bundle.ok ? await verifySigstore({ bytes: FILE }, bundle.value, options) : bundle;
}

/** A way to sign that must be accepted. */
export interface Form {
  readonly name: string;
  readonly options: Required<Pick<SignOptions, "form" | "content" | "log" | "timestamp">>;
}

/** Every combination that exists. */
export const FORMS: readonly Form[] = (["v0.1", "v0.2", "v0.3"] as const).flatMap((form) =>
  (["message-signature", "dsse", "intoto"] as const).flatMap((content) =>
    ([1, 2] as const).flatMap((log) =>
      [false, true].flatMap((timestamp) => {
        // The second generation of logs promises nothing and signs no time, and knows no in-toto entries.
        if (log === 2 && (form === "v0.1" || !timestamp || content === "intoto")) return [];
        const name = `${form}, ${content}, log ${log}${timestamp ? ", timestamp" : ""}`;
        return [{ name, options: { form, content, log, timestamp } }];
      }),
    ),
  ),
);
