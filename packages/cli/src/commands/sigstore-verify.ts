import { buildCommand, type Command } from "@stricli/core";
import { quoteForeignText } from "@mero-tee/policy";
import {
  parseSigstoreBundle,
  verifySigstore,
  type ExpectedIdentity,
  type SignedArtifact,
} from "@mero-tee/release-artifacts/sigstore";
import { err, type Result } from "@mero-tee/tdx-quote/result";
import { formatRfc3339Utc } from "@mero-tee/tdx-quote/utc-time";

import { cliFailure } from "../cli-failure.ts";
import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfCli, refusalOfSigstore, type Refusal } from "../failure-view.ts";
import { fileArgument, optionalFlag } from "../flags.ts";
import { reportRefusal, reportSuccess, type Report } from "../output.ts";
import type { Paint } from "../paint.ts";
import { table } from "../table.ts";
import { loadTrustedRoot } from "../trusted-root-file.ts";

/** Largest file that is signed: the largest release archive. */
const FILE_LIMIT_BYTES = 512 * 1024 * 1024;
const DOCUMENT_LIMIT_BYTES = 1024 * 1024;

interface SigstoreFlags extends CommonFlags {
  readonly bundle: string;
  readonly identity?: string;
  readonly identityRegex?: string;
  readonly issuer: string;
  readonly trustedRoot?: string;
}

/** The document, before anything is known. */
const NOTHING_KNOWN = {
  verified: false,
  form: null,
  identity: null,
  issuer: null,
  integratedTime: null,
  logIndex: null,
};

async function verify(ports: Ports, flags: SigstoreFlags, file: string): Promise<Report> {
  const identity = expectedIdentity(flags);
  if (identity === null) {
    return reportRefusal(
      refusalOfCli(cliFailure("usage-invalid", "Give --identity or --identity-regex, one of them.")),
      NOTHING_KNOWN,
    );
  }
  const verified = await verifyFiles(ports, flags, identity, file);
  if (!verified.ok) return reportRefusal(verified.error, NOTHING_KNOWN);
  const artifact = verified.value;
  const [entry] = artifact.logEntries;
  const fields = {
    verified: true,
    form: artifact.form,
    identity: artifact.identity,
    issuer: artifact.issuer,
    integratedTime: artifact.integratedTime === null ? null : formatRfc3339Utc(artifact.integratedTime),
    logIndex: entry.logIndex,
  };
  return reportSuccess(fields, (paint) => signatureText(artifact, paint));
}

async function verifyFiles(
  ports: Ports,
  flags: SigstoreFlags,
  identity: ExpectedIdentity,
  file: string,
): Promise<Result<SignedArtifact, Refusal>> {
  const trustedRoot = await loadTrustedRoot(ports, flags.trustedRoot);
  if (!trustedRoot.ok) return trustedRoot;
  const bundleBytes = await ports.files.read(flags.bundle, DOCUMENT_LIMIT_BYTES);
  if (!bundleBytes.ok) return err(refusalOfCli(bundleBytes.error));
  const bundle = parseSigstoreBundle(bundleBytes.value);
  if (!bundle.ok) return err(refusalOfSigstore(bundle.error));
  const bytes = await ports.files.read(file, FILE_LIMIT_BYTES);
  if (!bytes.ok) return err(refusalOfCli(bytes.error));
  const options = { trustedRoot: trustedRoot.value, identity, issuer: flags.issuer };
  const verdict = await verifySigstore({ bytes: bytes.value }, bundle.value, options);
  return verdict.ok ? verdict : err(refusalOfSigstore(verdict.error));
}

function expectedIdentity({ identity, identityRegex }: SigstoreFlags): ExpectedIdentity | null {
  if (identity !== undefined) return identityRegex === undefined ? { exact: identity } : null;
  return identityRegex === undefined ? null : { pattern: identityRegex };
}

function signatureText(artifact: SignedArtifact, paint: Paint): string {
  const { form, identity, issuer, times, logEntries, statement } = artifact;
  return `${paint.good("✓ Signed")}\n${table([
    ["by", identity],
    ["issuer", issuer],
    ...times.map(({ source, unixMs }): [string, string] => [
      "at",
      `${formatRfc3339Utc(Math.floor(unixMs / 1000))} ${paint.dim(`by the ${SOURCES[source]}`)}`,
    ]),
    ...logEntries.map(({ logIndex, logIdHex }): [string, string] => ["log entry", `${logIndex} in ${logIdHex}`]),
    [
      "form",
      form === "dsse" ? `attestation of type ${quoteForeignText(statement?.predicateType ?? "")}` : "the file itself",
    ],
  ])}`;
}

const SOURCES = { "transparency-log": "log", "timestamp-authority": "timestamp authority" } as const;

/** `mero-tee sigstore verify FILE --bundle BUNDLE`: whether a file is signed by whom it should be. */
export const sigstoreVerifyCommand: Command<CliContext> = buildCommand({
  func: reporting<SigstoreFlags, [string]>(verify),
  parameters: {
    flags: {
      bundle: {
        kind: "parsed",
        parse: String,
        placeholder: "BUNDLE",
        brief: "Sigstore bundle of the file (.sigstore.json), or cosign's older one (.bundle.json)",
      },
      identity: optionalFlag(String, "STRING", "Who must have signed: the identity in the certificate, exactly"),
      identityRegex: optionalFlag(String, "REGEX", "Who must have signed: a pattern for the whole identity"),
      issuer: {
        kind: "parsed",
        parse: String,
        placeholder: "URL",
        brief: "Who must have vouched for the signer: an OpenID provider, exactly",
      },
      trustedRoot: optionalFlag(
        String,
        "FILE",
        "Trusted root (trusted_root.json) of another Sigstore than the public one",
      ),
      json: JSON_FLAG,
    },
    positional: { kind: "tuple", parameters: [fileArgument("The signed file; - for standard input")] },
  },
  docs: commandDocs(
    "Verify who signed a file, and when",
    "Verifies a Sigstore bundle without network: certificate, transparency logs, timestamps, signature, identity and issuer. Exit code 10 when anything does not hold.",
    {
      does: "is this policy from the release workflow?",
      line: "mero-tee sigstore verify policy.json --bundle policy.json.sigstore.json --identity https://github.com/calimero-network/mero-tee/.github/workflows/release-kms-phala.yaml@refs/heads/master --issuer https://token.actions.githubusercontent.com",
    },
  ),
});
