import { buildCommand, type Command } from "@stricli/core";
import {
  assetsToSign,
  ASSET,
  assetForm,
  DOCUMENT_SHAPES,
  parseDocument,
  parseReleaseVersion,
  readWhole,
  ASSET_LIMIT_BYTES,
  REKOR_INDEX_ASSET,
  type ReleaseLane,
  type ReleaseOrigin,
  sidecarOf,
  signRelease,
  verifyRelease,
} from "@mero-tee/release-artifacts";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure } from "../cli-failure.ts";
import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfCli, refusalOfRelease, type Refusal } from "../failure-view.ts";
import type { FileContent, FileDirectory } from "../file-store.ts";
import { reportRefusal, reportSuccess, withProgress, type Report } from "../output.ts";
import { LANE_FLAG, REPO_FLAG } from "../release-flags.ts";
import { verdictText } from "../release-view.ts";
import { repositorySetting } from "../repository-setting.ts";

interface SignFlags extends CommonFlags {
  readonly lane: ReleaseLane;
  readonly repo?: string;
  readonly dryRun: boolean;
}

async function sign(ports: Ports, flags: SignFlags, path: string): Promise<Report> {
  const { lane } = flags;
  const nothing = { lane, version: null, signed: [], dryRun: flags.dryRun };
  const setting = repositorySetting(flags.repo, ports.environment);
  if (!setting.ok) return reportRefusal(refusalOfCli(setting.error), nothing);
  const directory = await ports.files.directory(path);
  if (!directory.ok) return reportRefusal(refusalOfCli(directory.error), nothing);
  const staged = await stagedFiles(directory.value, lane);
  const origin = await originOf(staged, lane, path);
  if (!origin.ok) return reportRefusal(origin.error, nothing);
  const { version } = origin.value;

  // A lane signs nothing that does not hold: what is signed once is in a public log for ever.
  const { repository } = setting.value;
  const verdict = await verifyRelease(staged, { lane, version, repository, verifySignature: null, isUnsigned: true });
  if (!verdict.ok) return reportRefusal(refusalOfRelease(verdict.error), { ...nothing, version });
  if (verdict.value.outcome !== "ok") {
    const rules = verdict.value.rules.filter(({ status, isBlocked }) => status === "fail" || isBlocked);
    const message = `What is in ${path} does not hold, and is not signed: ${rules.map(({ id }) => id).join(", ")}.`;
    const code = verdict.value.outcome === "missing" ? "release-asset-missing" : "release-refused";
    return reportRefusal(refusalOfCli(cliFailure(code, message)), { ...nothing, version }, (paint) =>
      verdictText(verdict.value, {}, paint),
    );
  }
  const names = assetsToSign(
    lane,
    (await staged.list()).map(({ name }) => name),
  );
  const signed = [...names, REKOR_INDEX_ASSET[lane]].toSorted();
  const fields = { lane, version, signed, dryRun: flags.dryRun };
  if (flags.dryRun) {
    return reportSuccess(
      fields,
      () => `would sign, and has signed nothing:\n${signed.map((name) => `  ${name}\n`).join("")}`,
    );
  }
  if (ports.signFile === null) {
    const message =
      "Nothing here can say who signs: this is no GitHub Actions job with the permission id-token: write (--dry-run lists what a lane would sign).";
    return reportRefusal(refusalOfCli(cliFailure("signing-identity-missing", message)), { ...nothing, version });
  }
  const work = signRelease(staged, { lane, origin: origin.value, sign: ports.signFile });
  const made = await withProgress(ports, `signing ${signed.length} files`, work);
  if (!made.ok) {
    const refusal =
      made.error.code === "signing-failed"
        ? refusalOfCli(cliFailure("signing-failed", made.error.message))
        : refusalOfRelease(made.error);
    return reportRefusal(refusal, { ...nothing, version });
  }
  const files = new Map<string, FileContent>(names.map((name) => [name, staged.open(name)]));
  for (const [name, content] of made.value) files.set(name, content);
  const written = await ports.files.replaceDirectory(path, files);
  if (!written.ok) return reportRefusal(refusalOfCli(written.error), { ...nothing, version });
  return reportSuccess(fields, () => `signed ${signed.length} files of ${version} (${lane}) in ${path}\n`);
}

/** The directory without what an earlier signing left: signing again begins from the assets alone. */
async function stagedFiles(directory: FileDirectory, lane: ReleaseLane): Promise<FileDirectory> {
  const listed = await directory.list();
  const kept = listed.filter(({ name }) => {
    const isSidecar = sidecarOf(name) !== null && assetForm(lane, sidecarOf(name)?.asset ?? "") !== null;
    return !isSidecar && name !== REKOR_INDEX_ASSET[lane];
  });
  return { list: () => Promise.resolve(kept), open: (name) => directory.open(name) };
}

/** The document of each lane that says of which run a release is. */
const TELLING = {
  kms: [ASSET.kmsManifest, "kmsReleaseManifest"],
  node: [ASSET.releaseProvenance, "releaseProvenance"],
  verifier: [ASSET.verifierManifest, "verifierReleaseManifest"],
} as const;

type SignedOrigin = Pick<ReleaseOrigin, "version" | "runId" | "runAttempt" | "generatedAt">;

async function originOf(
  directory: FileDirectory,
  lane: ReleaseLane,
  path: string,
): Promise<Result<SignedOrigin, Refusal>> {
  const [file, kind] = TELLING[lane];
  const isThere = (await directory.list()).some(({ name }) => name === file);
  const content = isThere ? await readWhole(directory.open(file), ASSET_LIMIT_BYTES.document) : null;
  if (content === null) return err(refusalOfCli(cliFailure("file-missing", `${path} has no ${file}.`)));
  const read = parseDocument<object>(file, content, DOCUMENT_SHAPES[kind]);
  if (!read.ok) {
    const [problem] = read.error;
    if (problem === undefined) throw new Error("a refusal without a problem");
    return err(refusalOfRelease(problem));
  }
  const members: ReadonlyMap<string, unknown> = new Map(Object.entries(read.value.value));
  const text = (key: string): string => String(members.get(key));
  const version = parseReleaseVersion(text("tag"));
  if (version === null) throw new Error("the shape of the document lets a tag through that is no version");
  return ok({
    version,
    runId: text("workflow_run_id"),
    runAttempt: text("workflow_run_attempt"),
    generatedAt: text("generated_at"),
  });
}

/** `mero-tee release sign DIR`: signs an assembled release as the workflow run that this is. */
export const releaseSignCommand: Command<CliContext> = buildCommand({
  func: reporting<SignFlags, [string]>(sign),
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{ parse: String, placeholder: "DIR", brief: "What release assemble wrote" }],
    },
    flags: {
      lane: LANE_FLAG,
      repo: REPO_FLAG,
      dryRun: { kind: "boolean", brief: "Judge and list, and sign nothing", default: false, withNegated: false },
      json: JSON_FLAG,
    },
  },
  docs: commandDocs(
    "Sign an assembled release, keyless",
    "Every asset gets a certificate of Sigstore's for this very workflow run, an entry in the public log, and the four files of that one signing; then the index of log entries is written and signed. What does not hold by the rules is not signed. The directory is replaced whole, or not at all.",
    { does: "what would the lane sign?", line: "mero-tee release sign ./release --lane kms --dry-run" },
  ),
});
