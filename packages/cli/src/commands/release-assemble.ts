import { buildCommand, type Command } from "@stricli/core";
import {
  type AppIdentity,
  ASSET,
  type AssembledFiles,
  assembleKms,
  assembleNode,
  assembleTrustBundle,
  assembleVerifier,
  CHECKSUMS_ASSET,
  DOCUMENT_SHAPES,
  type DocumentProblem,
  type GivenAsset,
  isReleaseCandidate,
  parseChecksums,
  parseDocument,
  type PerProfile,
  RELEASE_CLASSES,
  type ReleaseClass,
  type ReleaseFiles,
  type ReleaseLane,
  releaseNotes,
  type ReleaseOrigin,
  type ReleaseVersion,
  verifyRelease,
} from "@mero-tee/release-artifacts";
import { PROFILES } from "@mero-tee/policy";
import { formatRfc3339Utc } from "@mero-tee/tdx-quote/utc-time";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure } from "../cli-failure.ts";
import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { readVariable } from "../environment.ts";
import { refusalOfCli, refusalOfRelease, type Refusal } from "../failure-view.ts";
import type { FileContent } from "../file-store.ts";
import { optionalFlag } from "../flags.ts";
import { reportRefusal, reportSuccess, type Report } from "../output.ts";
import { LANE_FLAG, parseVersion, REPO_FLAG } from "../release-flags.ts";
import { nodeProbeInputs, ReleaseInputs } from "../release-inputs.ts";
import { rulesOf, verdictText } from "../release-view.ts";
import { repositorySetting } from "../repository-setting.ts";

interface AssembleFlags extends CommonFlags {
  readonly lane: ReleaseLane;
  readonly version: ReleaseVersion;
  readonly in: string;
  readonly out: string;
  readonly commit?: string;
  readonly runId?: string;
  readonly runAttempt?: string;
  readonly class?: ReleaseClass;
  readonly baseTag?: ReleaseVersion;
  readonly incident?: string;
  readonly notes?: string;
  readonly repo?: string;
}

type Assembled = { readonly files: AssembledFiles; readonly bundle: Uint8Array | null };

async function assemble(ports: Ports, flags: AssembleFlags): Promise<Report> {
  const { lane, version } = flags;
  const nothing = { lane, version, files: [], rules: [] };
  const origin = originOf(ports, flags);
  if (!origin.ok) return reportRefusal(origin.error, nothing);
  const directory = await ports.files.directory(flags.in);
  if (!directory.ok) return reportRefusal(refusalOfCli(directory.error), nothing);
  const inputs = await ReleaseInputs.open(directory.value);
  const given = await inputs.given(lane);
  const assembled = await ASSEMBLERS[lane](inputs, origin.value, given, flags);
  if (!assembled.ok) return reportRefusal(assembled.error, nothing);

  const { files, bundle } = assembled.value;
  const written = new Map<string, FileContent>([
    ...given.map(({ name, content }) => [name, content] as const),
    ...files,
    ...(bundle === null ? [] : [[ASSET.trustBundle, bundle] as const]),
  ]);
  const done = await ports.files.writeDirectory(flags.out, written);
  if (!done.ok) return reportRefusal(refusalOfCli(done.error), nothing);
  if (flags.notes !== undefined) {
    const notes = await ports.files.write(flags.notes, notesOf(origin.value, lane, files), "document");
    if (!notes.ok) return reportRefusal(refusalOfCli(notes.error), nothing);
  }
  return await judge(ports, flags, origin.value, [...written.keys()].toSorted());
}

/** Judges what was written by every rule that needs no signature: a lane signs nothing that does not hold. */
async function judge(
  ports: Ports,
  flags: AssembleFlags,
  origin: ReleaseOrigin,
  names: readonly string[],
): Promise<Report> {
  const { lane, version } = flags;
  const fields = { lane, version, files: names };
  const staged = await ports.files.directory(flags.out);
  if (!staged.ok) return reportRefusal(refusalOfCli(staged.error), { ...fields, rules: [] });
  const files: ReleaseFiles = staged.value;
  const { repository } = origin;
  const verdict = await verifyRelease(files, { lane, version, repository, verifySignature: null, isUnsigned: true });
  if (!verdict.ok) return reportRefusal(refusalOfRelease(verdict.error), { ...fields, rules: [] });
  const rules = rulesOf(verdict.value);
  const text = (paint: Parameters<Report["text"]>[0]): string => verdictText(verdict.value, {}, paint);
  if (verdict.value.outcome === "ok") return reportSuccess({ ...fields, rules }, text);
  const failed = rules.filter(({ status }) => status === "fail").map(({ id }) => id);
  const message = `What was written to ${flags.out} does not hold, and must not be signed: ${failed.join(", ")}.`;
  const code = verdict.value.outcome === "missing" ? "release-asset-missing" : "release-refused";
  return reportRefusal(refusalOfCli(cliFailure(code, message)), { ...fields, rules }, text);
}

function originOf(ports: Ports, flags: AssembleFlags): Result<ReleaseOrigin, Refusal> {
  const setting = repositorySetting(flags.repo, ports.environment);
  if (!setting.ok) return err(refusalOfCli(setting.error));
  const epoch = readVariable(ports.environment, "SOURCE_DATE_EPOCH") ?? "";
  if (!/^\d{1,10}$/.test(epoch))
    return err(usage("Set SOURCE_DATE_EPOCH to the time of the commit, in Unix seconds: documents carry it."));
  const commit = flags.commit ?? readVariable(ports.environment, "GITHUB_SHA");
  const runId = flags.runId ?? readVariable(ports.environment, "GITHUB_RUN_ID");
  const runAttempt = flags.runAttempt ?? readVariable(ports.environment, "GITHUB_RUN_ATTEMPT");
  if (!commit || !runId || !runAttempt) {
    return err(usage("Outside of a workflow run, give --commit, --run-id and --run-attempt: documents carry them."));
  }
  const { version } = flags;
  const releaseClass = flags.class ?? (isReleaseCandidate(version) ? "rc" : "stable");
  if (releaseClass === "hotfix" && (flags.baseTag === undefined || flags.incident === undefined)) {
    return err(usage("A hotfix names the release that it patches (--base-tag) and why (--incident)."));
  }
  const generatedAt = formatRfc3339Utc(Number(epoch));
  return ok({ version, repository: setting.value.repository, releaseClass, commit, runId, runAttempt, generatedAt });
}

function usage(message: string): Refusal {
  return refusalOfCli(cliFailure("usage-invalid", message));
}

function firstProblem(problems: readonly DocumentProblem[]): { readonly ok: false; readonly error: Refusal } {
  const [first] = problems;
  if (first === undefined) throw new Error("a refusal without a problem");
  return err(refusalOfRelease(first));
}

type Assembler = (
  inputs: ReleaseInputs,
  origin: ReleaseOrigin,
  given: readonly GivenAsset[],
  flags: AssembleFlags,
) => Promise<Result<Assembled, Refusal>>;

const ASSEMBLERS: Readonly<Record<ReleaseLane, Assembler>> = {
  async kms(inputs, origin, given, { baseTag, incident }) {
    const images = await inputs.images();
    if (!images.ok) return images;
    const published = await inputs.document(ASSET.publishedMrtds, "publishedMrtds");
    if (!published.ok) return published;
    const text = await inputs.bytes(ASSET.publishedMrtds);
    if (!text.ok) return text;
    const candidates = await inputs.perProfile(
      async (profile) => await inputs.document(`kms-policy-candidates-${profile}.json`, "measurementCandidates"),
    );
    if (!candidates.ok) return candidates;
    const identities = await loadIdentities(inputs);
    if (!identities.ok) return identities;
    const keyProvider = await loadKeyProvider(inputs);
    if (!keyProvider.ok) return keyProvider;
    const assembly = {
      ...origin,
      ...(keyProvider.value === null ? {} : { keyProvider: keyProvider.value }),
      image: images.value.image,
      imageDigests: images.value.digests,
      nodeRelease: { document: published.value, text: new TextDecoder().decode(text.value) },
      candidates: candidates.value,
      identities: identities.value,
      given: given.map(({ name, sha256 }) => ({ name, sha256 })),
      ...(baseTag === undefined || incident === undefined ? {} : { hotfix: { baseTag, incident } }),
    };
    const files = assembleKms(assembly);
    if (!files.ok) return firstProblem(files.error);
    return ok({ files: files.value, bundle: await assembleTrustBundle(assembly, files.value) });
  },
  async node(inputs, origin, given) {
    const probes = await inputs.perProfile(async (profile) => {
      const names = nodeProbeInputs(profile);
      const candidates = await inputs.document(names.candidates, "measurementCandidates");
      if (!candidates.ok) return candidates;
      const mrtd = await inputs.document(names.mrtd, "mrtdRecord");
      if (!mrtd.ok) return mrtd;
      const provenance = await inputs.document(names.provenance, "profileProvenance");
      if (!provenance.ok) return provenance;
      const rootHash = await inputs.text(names.image, "root_hash");
      if (!rootHash.ok) return rootHash;
      return ok({
        candidates: candidates.value,
        mrtd: mrtd.value,
        provenance: provenance.value,
        rootHash: rootHash.value,
      });
    });
    if (!probes.ok) return probes;
    const files = assembleNode({
      ...origin,
      probes: probes.value,
      given: given.map(({ name, sha256 }) => ({ name, sha256 })),
    });
    return files.ok ? ok({ files: files.value, bundle: null }) : firstProblem(files.error);
  },
  async verifier(inputs, origin, given) {
    const facts: string[] = [];
    for (const path of [
      ["trust_roots", "intel_sgx_root_sha256"],
      ["trust_roots", "sigstore_trusted_root_sha256"],
      ["tested_with", "kms"],
      ["tested_with", "node"],
    ]) {
      const fact = await inputs.text("verifier-build.json", ...path);
      if (!fact.ok) return fact;
      facts.push(fact.value);
    }
    const [intelSgxRootSha256 = "", sigstoreTrustedRootSha256 = "", kms = "", node = ""] = facts;
    const files = assembleVerifier({
      ...origin,
      trustRoots: { intelSgxRootSha256, sigstoreTrustedRootSha256 },
      testedWith: { kms, node },
      given: given.map(({ name, sha256 }) => ({ name, sha256 })),
    });
    return files.ok ? ok({ files: files.value, bundle: null }) : firstProblem(files.error);
  },
};

/** What the probes proved; a profile without makes a policy that is not ready. */
async function loadIdentities(inputs: ReleaseInputs): Promise<Result<Partial<PerProfile<AppIdentity>>, Refusal>> {
  const identities: Record<string, AppIdentity> = {};
  for (const profile of PROFILES) {
    const name = `kms-app-identity-${profile}.json`;
    if (!inputs.has(name)) continue;
    const identity = await inputs.document(name, "appIdentity");
    if (!identity.ok) return identity;
    const { quote_verified: isVerified, event_log_verified: isReplayed } = identity.value;
    if (identity.value.profile !== profile || !isVerified || !isReplayed) {
      return err(
        refusalOfCli(cliFailure("input-unrecognised", `${name} proves nothing about a KMS of profile ${profile}.`)),
      );
    }
    identities[profile] = identity.value;
  }
  return ok(identities);
}

/** The key service under which every probe ran; null where the probes did not look. */
async function loadKeyProvider(
  inputs: ReleaseInputs,
): Promise<Result<{ readonly name: string; readonly id: string } | null, Refusal>> {
  let found: { readonly name: string; readonly id: string } | null = null;
  for (const file of PROFILES.map((profile) => `kms-key-provider-${profile}.json`).filter((each) => inputs.has(each))) {
    const name = await inputs.text(file, "name");
    if (!name.ok) return name;
    const id = await inputs.text(file, "id");
    if (!id.ok) return id;
    if (found !== null && (found.name !== name.value || found.id !== id.value))
      return err(refusalOfCli(cliFailure("input-unrecognised", `${file} names another key service than the others.`)));
    found = { name: name.value, id: id.value };
  }
  return ok(found);
}

function notesOf(origin: ReleaseOrigin, lane: ReleaseLane, files: AssembledFiles): string {
  const sums = parseChecksums(files.get(CHECKSUMS_ASSET[lane]) ?? "");
  const manifest = parseDocument(
    ASSET.kmsManifest,
    files.get(ASSET.kmsManifest) ?? "",
    DOCUMENT_SHAPES.kmsReleaseManifest,
  );
  const published = parseDocument(
    ASSET.publishedMrtds,
    files.get(ASSET.publishedMrtds) ?? "",
    DOCUMENT_SHAPES.publishedMrtds,
  );
  const { version, releaseClass, commit } = origin;
  return releaseNotes({
    lane,
    version,
    releaseClass,
    commit,
    changes: "",
    checksums: sums.ok ? sums.value : [],
    ...(manifest.ok ? { manifest: manifest.value.value } : {}),
    ...(published.ok ? { published: published.value.value } : {}),
  });
}

/** `mero-tee release assemble`: makes the documents of a release from what builds and probes left. */
export const releaseAssembleCommand: Command<CliContext> = buildCommand({
  func: reporting<AssembleFlags, []>(assemble),
  parameters: {
    flags: {
      lane: LANE_FLAG,
      version: { kind: "parsed", parse: parseVersion, placeholder: "VERSION", brief: "Version of the release" },
      in: { kind: "parsed", parse: String, placeholder: "DIR", brief: "What builds and probes left" },
      out: { kind: "parsed", parse: String, placeholder: "DIR", brief: "Directory to make; it must not exist" },
      commit: optionalFlag(String, "SHA", "Commit of the release, 40 hex digits (default: GITHUB_SHA)"),
      runId: optionalFlag(String, "ID", "Id of the workflow run (default: GITHUB_RUN_ID)"),
      runAttempt: optionalFlag(String, "N", "Attempt of the workflow run (default: GITHUB_RUN_ATTEMPT)"),
      class: {
        kind: "enum",
        values: RELEASE_CLASSES,
        optional: true,
        brief: "Class of the release (default: by its version)",
      },
      baseTag: optionalFlag(parseVersion, "VERSION", "Release that a hotfix patches"),
      incident: optionalFlag(String, "TEXT", "Incident or CVE that a hotfix answers"),
      notes: optionalFlag(String, "FILE", "Write the release notes there as well"),
      repo: REPO_FLAG,
      json: JSON_FLAG,
    },
  },
  docs: commandDocs(
    "Make the documents of a release",
    "Documents, checksums and the trust bundle are made from the input directory; the same input gives the same bytes. What was written is then judged by every rule that needs no signature.",
    {
      does: "stage a KMS release",
      line: "mero-tee release assemble --lane kms --version 2.4.0 --in staged --out release",
    },
  ),
});
