import { buildCommand, type Command } from "@stricli/core";
import {
  ASSET,
  createSignatureVerifier,
  DOCUMENT_LIMIT_BYTES,
  type ReleaseLane,
  type ReleaseReference,
  releaseVersionOf,
  type ReleaseVersion,
  verifyRelease,
} from "@mero-tee/release-artifacts";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { join } from "node:path";

import { cliFailure } from "../cli-failure.ts";
import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfCli, refusalOfRelease, type Refusal } from "../failure-view.ts";
import { EXIT } from "../exit-code.ts";
import type { FileDirectory } from "../file-store.ts";
import { optionalFlag } from "../flags.ts";
import { jsonDocument, reportRefusal, reportSuccess, withProgress, type Report } from "../output.ts";
import { fetchRelease } from "../release-fetch.ts";
import { LANE_FLAG, parseReference, REPO_FLAG } from "../release-flags.ts";
import { KNOWLEDGE_FLAGS, type KnowledgeFlags, loadKnowledge } from "../release-knowledge.ts";
import { releaseSigner, type ReleaseSigner, SIGNER_FLAGS, type SignerFlags } from "../release-signer.ts";
import { assetsOf, rulesOf, verdictText } from "../release-view.ts";

interface VerifyFlags extends CommonFlags, SignerFlags, KnowledgeFlags {
  readonly lane?: ReleaseLane;
  readonly version?: ReleaseReference;
  readonly quick: boolean;
  readonly staged: boolean;
}

/** What is to be judged, once the lane is settled. */
interface LaneFlags extends Omit<VerifyFlags, "lane" | "version"> {
  readonly lane: ReleaseLane;
  readonly version?: ReleaseVersion;
}

async function verify(ports: Ports, flags: VerifyFlags, path?: string): Promise<Report> {
  const { version: reference, ...others } = flags;
  const lane = flags.lane ?? reference?.lane ?? null;
  const misuse = (message: string): Report =>
    reportRefusal(refusalOfCli(cliFailure("usage-invalid", message)), {
      ok: false,
      lane,
      version: reference?.version ?? null,
      rules: [],
      assets: [],
      overrides: {},
    });
  if (reference !== undefined && reference.lane !== null && reference.lane !== lane)
    return misuse(`--version is a tag of lane ${reference.lane}, and --lane is another.`);
  if (lane === null && path !== undefined) return misuse("Give --lane: a directory holds the release of one.");
  if (lane !== null) {
    const version = reference === undefined ? {} : { version: reference.version };
    return await verifyLane(ports, { ...others, lane, ...version }, path);
  }
  if (reference === undefined) return misuse("Give a directory, or --version to fetch a release.");
  return await verifyPair(ports, others, reference.version);
}

/** Both releases of a version, and that they belong together: the KMS's is compared with what the node's has just shown. */
async function verifyPair(
  ports: Ports,
  flags: Omit<VerifyFlags, "lane" | "version">,
  version: ReleaseVersion,
): Promise<Report> {
  return await ports.files.withScratch(async (path) => {
    const node = await verifyFetched(ports, { ...flags, lane: "node", version }, path);
    const published = join(path, ASSET.publishedMrtds);
    const hasNode = (await ports.files.read(published, DOCUMENT_LIMIT_BYTES)).ok;
    const pair = hasNode ? { ...flags, nodePolicy: published } : flags;
    const kms = await verifyLane(ports, { ...pair, lane: "kms", version });
    const reports = [
      ["node", node],
      ["kms", kms],
    ] as const;
    const worse = [EXIT.refused, EXIT.missing].find((code) => reports.some(([, { exitCode }]) => exitCode === code));
    const failed = reports.find(([, { exitCode }]) => exitCode === (worse ?? exitCode) && exitCode !== EXIT.ok)?.[1];
    const each = (member: "rules" | "assets"): readonly object[] =>
      reports.flatMap(([lane, { document }]) => {
        const entries = document[member];
        return Array.isArray(entries) ? entries.map((entry: object) => ({ ...entry, lane })) : [];
      });
    const fields = {
      ok: failed === undefined,
      lane: null,
      version,
      rules: each("rules"),
      assets: each("assets"),
      overrides: kms.document["overrides"],
    };
    const failure = failed?.failure ?? null;
    return {
      exitCode: failed?.exitCode ?? EXIT.ok,
      document: jsonDocument(fields, failure),
      text: (paint) => `${node.text(paint)}${kms.text(paint)}`,
      failure,
    };
  });
}

async function verifyLane(ports: Ports, flags: LaneFlags, path?: string): Promise<Report> {
  const { lane, version } = flags;
  const nothing = { ok: false, lane, version: version ?? null, rules: [], assets: [], overrides: {} };
  const signer = await releaseSigner(ports, lane, flags);
  if (!signer.ok) return reportRefusal(signer.error, nothing);
  if (path !== undefined) return await verifyDirectory(ports, flags, path, signer.value);
  if (version === undefined) {
    return reportRefusal(
      refusalOfCli(cliFailure("usage-invalid", "Give a directory, or --version to fetch a release.")),
      nothing,
    );
  }
  return await ports.files.withScratch(async (scratch) => await verifyFetched(ports, { ...flags, version }, scratch));
}

/** Fetches a release into a directory, and judges it there. */
async function verifyFetched(
  ports: Ports,
  flags: LaneFlags & { readonly version: ReleaseVersion },
  path: string,
): Promise<Report> {
  const { lane, version } = flags;
  const nothing = { ok: false, lane, version, rules: [], assets: [], overrides: {} };
  const signer = await releaseSigner(ports, lane, flags);
  if (!signer.ok) return reportRefusal(signer.error, nothing);
  const { repository, overrides } = signer.value;
  const found = await fetchRelease(ports, { repository, lane, version, path });
  if (!found.ok) return reportRefusal(found.error, { ...nothing, overrides });
  return await verifyDirectory(ports, flags, path, signer.value, found.value.isPrerelease);
}

async function verifyDirectory(
  ports: Ports,
  flags: LaneFlags,
  path: string,
  { signer, repository, overrides }: ReleaseSigner,
  isPrerelease?: boolean,
): Promise<Report> {
  const { lane } = flags;
  const nothing = { ok: false, lane, version: flags.version ?? null, rules: [], assets: [], overrides };
  const directory = await ports.files.directory(path);
  if (!directory.ok) return reportRefusal(refusalOfCli(directory.error), nothing);
  const version = flags.version === undefined ? await versionOf(directory.value, lane, path) : ok(flags.version);
  if (!version.ok) return reportRefusal(version.error, nothing);
  const knowledge = await loadKnowledge(ports, flags, signer);
  if (!knowledge.ok) return reportRefusal(knowledge.error, { ...nothing, version: version.value });

  const verdict = await withProgress(
    ports,
    `judging ${path}`,
    verifyRelease(
      directory.value,
      {
        lane,
        version: version.value,
        repository,
        ...knowledge.value,
        verifySignature: flags.staged ? null : createSignatureVerifier(signer),
        isUnsigned: flags.staged,
        ...(isPrerelease === undefined ? {} : { isPrerelease }),
      },
      { isQuick: flags.quick },
    ),
  );
  if (!verdict.ok) return reportRefusal(refusalOfRelease(verdict.error), { ...nothing, version: version.value });
  const { outcome } = verdict.value;
  const fields = {
    ok: outcome === "ok",
    lane,
    version: version.value,
    rules: rulesOf(verdict.value),
    assets: assetsOf(verdict.value),
    overrides,
  };
  const text = (paint: Parameters<Report["text"]>[0]): string => verdictText(verdict.value, overrides, paint);
  if (outcome === "ok") return reportSuccess(fields, text);
  const failed = verdict.value.rules
    .filter(({ status, isBlocked }) => status === "fail" || isBlocked)
    .map(({ id }) => id);
  const message = `Release ${version.value} (${lane}) does not hold: ${failed.join(", ")}.`;
  return reportRefusal(
    refusalOfCli(cliFailure(outcome === "missing" ? "release-asset-missing" : "release-refused", message)),
    fields,
    text,
  );
}

async function versionOf(
  directory: FileDirectory,
  lane: ReleaseLane,
  path: string,
): Promise<Result<ReleaseVersion, Refusal>> {
  const version = await releaseVersionOf(directory, lane);
  if (!version.ok) return err(refusalOfRelease(version.error));
  if (version.value !== null) return ok(version.value);
  const message = `No document in ${path} says of which version of lane ${lane} it is; if it is one, give --version.`;
  return err(refusalOfCli(cliFailure("release-version-unknown", message)));
}

/** `mero-tee release verify`: does a released directory hold, in every respect? */
export const releaseVerifyCommand: Command<CliContext> = buildCommand({
  func: reporting<VerifyFlags, [string?]>(verify),
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        {
          parse: String,
          placeholder: "DIR",
          brief: "Directory with the assets of one release; without it, --version is fetched",
          optional: true,
        },
      ],
    },
    flags: {
      lane: { ...LANE_FLAG, optional: true },
      version: optionalFlag(
        parseReference,
        "VERSION",
        "Version that it must be of, or to fetch (default: what its documents say)",
      ),
      repo: REPO_FLAG,
      ...SIGNER_FLAGS,
      ...KNOWLEDGE_FLAGS,
      staged: {
        kind: "boolean",
        brief: "The directory is about to be signed: look for no signatures yet",
        default: false,
        withNegated: false,
      },
      quick: { kind: "boolean", brief: "Assets, checksums and signatures only", default: false, withNegated: false },
      json: JSON_FLAG,
    },
  },
  docs: commandDocs(
    "Judge a released directory by every rule",
    "Every rule about assets, checksums, documents, measurements and signatures is judged, and all failures are listed. A directory is judged without any network; without one, the release is fetched first, and removed again; without --lane, node and KMS release of the version, and that they belong together.",
    {
      does: "is this the release that the lane published?",
      line: "mero-tee release verify ./mero-kms-v2.4.0 --lane kms",
    },
  ),
});
