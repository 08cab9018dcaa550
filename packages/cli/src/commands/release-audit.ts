import { buildCommand, type Command } from "@stricli/core";
import {
  ASSET,
  changesSince,
  createSignatureVerifier,
  documentText,
  judge,
  type ListedRelease,
  listReleases,
  type LoadedDocument,
  NOTHING_SEEN,
  parseAuditState,
  parseReleaseReference,
  type AuditState,
  type PublishedMrtds,
  RELEASE_LANES,
  type ReleaseLane,
  type ReleaseVerdict,
  verifyRelease,
  withSeen,
} from "@mero-tee/release-artifacts";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { setTimeout as sleep } from "node:timers/promises";

import { cliFailure } from "../cli-failure.ts";
import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfCli, refusalOfRelease, type Refusal } from "../failure-view.ts";
import { optionalFlag } from "../flags.ts";
import { reportRefusal, reportSuccess, withProgress, type Report } from "../output.ts";
import type { Paint } from "../paint.ts";
import { printable } from "../printable.ts";
import { fetchRelease } from "../release-fetch.ts";
import { REPO_FLAG } from "../release-flags.ts";
import { releaseSigner, SIGNER_FLAGS, type SignerFlags } from "../release-signer.ts";
import { repositorySetting } from "../repository-setting.ts";

interface AuditFlags extends CommonFlags, SignerFlags {
  readonly lane?: ReleaseLane;
  readonly max: number;
  readonly state?: string;
}

/** What an audit found about one release. */
interface Audited {
  readonly tag: string;
  readonly ok: boolean;
  /** Rules that fail, or could not be judged. */
  readonly failed: readonly string[];
  /** What is no longer as an earlier audit saw it. */
  readonly changes: readonly string[];
}

const STATE_LIMIT_BYTES = 64 * 1024 * 1024;
/** A KMS release is compared with the node release of its version, which therefore comes first. */
const ORDER: readonly ReleaseLane[] = ["node", "kms", "verifier"];

async function audit(ports: Ports, flags: AuditFlags): Promise<Report> {
  const nothing = { repository: null, releases: [] };
  const setting = repositorySetting(flags.repo, ports.environment);
  if (!setting.ok) return reportRefusal(refusalOfCli(setting.error), nothing);
  const { repository } = setting.value;
  const before = await loadState(ports, flags.state);
  if (!before.ok) return reportRefusal(before.error, nothing);
  const source = { fetch: ports.fetch, repository, wait: async (ms: number) => await sleep(ms) };
  const listed = await withProgress(ports, `listing the releases of ${repository}`, listReleases(source));
  if (!listed.ok) return reportRefusal(refusalOfRelease(listed.error), { ...nothing, repository });

  const lanes = ORDER.filter((lane) => flags.lane === undefined || lane === flags.lane);
  const chosen = lanes.flatMap((lane) => listed.value.filter((each) => each.lane === lane).slice(0, flags.max));
  const auditor = new Auditor(ports, flags, repository, before.value);
  for (const release of chosen) {
    const done = await auditor.judge(release);
    if (!done.ok) return reportRefusal(done.error, { repository, releases: auditor.audited });
  }
  auditor.compareOthers(listed.value, chosen, lanes);
  if (flags.state !== undefined) {
    const written = await ports.files.write(flags.state, documentText(auditor.state), "document");
    if (!written.ok) return reportRefusal(refusalOfCli(written.error), { repository, releases: auditor.audited });
  }
  return reportOf(repository, auditor.audited);
}

class Auditor {
  readonly audited: Audited[] = [];
  state: AuditState;
  readonly #ports: Ports;
  readonly #flags: AuditFlags;
  readonly #repository: string;
  readonly #nodeReleases = new Map<string, LoadedDocument<PublishedMrtds>>();

  constructor(ports: Ports, flags: AuditFlags, repository: string, state: AuditState) {
    this.#ports = ports;
    this.#flags = flags;
    this.#repository = repository;
    this.state = state;
  }

  /** Downloads a release as an operator would, judges it, and compares it with what was seen before. */
  async judge(release: ListedRelease): Promise<Result<null, Refusal>> {
    const { lane, version, tag, isPrerelease } = release;
    const signer = await releaseSigner(this.#ports, lane, this.#flags);
    if (!signer.ok) return signer;
    const repository = this.#repository;
    const verdict = await this.#ports.files.withScratch(async (path): Promise<Result<ReleaseVerdict, Refusal>> => {
      const fetched = await fetchRelease(this.#ports, { repository, lane, version, path });
      if (!fetched.ok) return fetched;
      const directory = await this.#ports.files.directory(path);
      if (!directory.ok) return err(refusalOfCli(directory.error));
      const nodeRelease = this.#nodeReleases.get(version);
      const judged = await verifyRelease(directory.value, {
        lane,
        version,
        repository,
        isPrerelease,
        verifySignature: createSignatureVerifier(signer.value.signer),
        now: this.#ports.nowSeconds(),
        ...(lane === "kms" && nodeRelease !== undefined ? { nodeRelease } : {}),
      });
      return judged.ok ? judged : err(refusalOfRelease(judged.error));
    });
    if (!verdict.ok) return verdict;
    const { rules, evidence, outcome } = verdict.value;
    const published = evidence.documents.publishedMrtds.get(ASSET.publishedMrtds);
    if (published !== undefined) this.#nodeReleases.set(version, published);
    const digests = new Map([...evidence.assets].map(([name, { sha256 }]) => [name, sha256]));
    const changes = changesSince(this.state, tag, digests);
    const failed = [...rules, ...judge("history", { changes })]
      .filter(({ status, isBlocked }) => status === "fail" || isBlocked)
      .map(({ id }) => id);
    this.audited.push({ tag, ok: outcome === "ok" && changes.length === 0, failed, changes });
    // What does not hold is not remembered as what a release was.
    const known = [...digests].flatMap(([name, sha256]) => (sha256 === null ? [] : [[name, sha256] as const]));
    if (outcome === "ok") this.state = withSeen(this.state, tag, new Map(known));
    return ok(null);
  }

  /** Releases that are not downloaded again: the digests that the host lists, and that they are still there at all. */
  compareOthers(
    listed: readonly ListedRelease[],
    chosen: readonly ListedRelease[],
    lanes: readonly ReleaseLane[],
  ): void {
    const judged = new Set(chosen.map(({ tag }) => tag));
    const byTag = new Map(listed.map((release) => [release.tag, release]));
    for (const { tag } of this.state.releases.filter((each) => !judged.has(each.tag))) {
      const reference = parseReleaseReference(tag);
      if (reference.ok && reference.value.lane !== null && !lanes.includes(reference.value.lane)) continue;
      const release = byTag.get(tag);
      const changes = release === undefined ? ["the release is gone"] : changesSince(this.state, tag, release.assets);
      if (changes.length > 0) this.audited.push({ tag, ok: false, failed: ["P-07"], changes });
    }
  }
}

async function loadState(ports: Ports, path: string | undefined): Promise<Result<AuditState, Refusal>> {
  if (path === undefined) return ok(NOTHING_SEEN);
  const content = await ports.files.read(path, STATE_LIMIT_BYTES);
  // The first audit finds no file, and writes one.
  if (!content.ok && content.error.code === "file-missing") return ok(NOTHING_SEEN);
  if (!content.ok) return err(refusalOfCli(content.error));
  const read = parseAuditState(path, content.value);
  if (read.ok) return read;
  const [problem] = read.error;
  if (problem === undefined) throw new Error("a refusal without a problem");
  return err(refusalOfRelease(problem));
}

function reportOf(repository: string, releases: readonly Audited[]): Report {
  const fields = { repository, releases };
  const text = (paint: Paint): string => releases.map((each) => lineOf(each, paint)).join("");
  const changed = releases.filter(({ changes }) => changes.length > 0).map(({ tag }) => tag);
  const failed = releases.filter((each) => !each.ok).map(({ tag }) => tag);
  if (releases.length === 0) {
    const message = `${repository} has no release to audit.`;
    return reportRefusal(refusalOfRelease({ code: "release-not-found", message }), fields);
  }
  if (failed.length === 0) return reportSuccess(fields, text);
  const failure =
    changed.length > 0
      ? cliFailure("release-changed", `Released files are not what an earlier audit saw: ${changed.join(", ")}.`)
      : cliFailure("release-refused", `Releases do not hold: ${failed.join(", ")}.`);
  return reportRefusal(refusalOfCli(failure), fields, text);
}

function lineOf({ tag, ok: holds, failed, changes }: Audited, paint: Paint): string {
  if (holds) return `${paint.good("PASS")} ${tag}\n`;
  const reasons = [...(failed.length === 0 ? [] : [failed.join(", ")]), ...changes];
  return `${paint.bad("FAIL")} ${tag}  ${printable(reasons.join("; "))}\n`;
}

function parseMax(text: string): number {
  const max = /^[1-9]\d{0,3}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(max)) throw new Error("not a number from 1 to 9999");
  return max;
}

/** `mero-tee release audit`: do the published releases still hold, and are they what they were? */
export const releaseAuditCommand: Command<CliContext> = buildCommand({
  func: reporting<AuditFlags, []>(audit),
  parameters: {
    flags: {
      lane: { kind: "enum", values: RELEASE_LANES, optional: true, brief: "Only this release family" },
      max: {
        kind: "parsed",
        parse: parseMax,
        default: "5",
        placeholder: "N",
        brief: "Newest releases of each lane to download",
      },
      state: optionalFlag(String, "FILE", "Digests that earlier audits saw; written when this one is done"),
      repo: REPO_FLAG,
      ...SIGNER_FLAGS,
      json: JSON_FLAG,
    },
  },
  docs: commandDocs(
    "Audit the published releases",
    "The newest releases of each lane are downloaded as an operator would, and judged by every rule. With --state, every file must be what an earlier audit saw: released files never change, however well a later version is signed.",
    { does: "the weekly audit", line: "mero-tee release audit --max 5 --state release-audit.json" },
  ),
});
