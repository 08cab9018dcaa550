import { KMS_PROFILE_EVENT, nodeRtmr3, PROFILES, quoteForeignText } from "@mero-tee/policy";
import { compareVersions, parseReleaseReference, policyAsset } from "@mero-tee/release-artifacts";
import { sha256 } from "@noble/hashes/sha2.js";
import { formatRfc3339Utc, listRuntimeEvents } from "@mero-tee/tdx-quote";
import { toHex } from "@mero-tee/tdx-quote/hex";

import type { Case } from "../case.ts";
import type { JudgedRelease, ReleaseChoice } from "../choose-release.ts";
import type { ProfileComparison } from "../compare-registers.ts";
import { fail, item, pass, skip, unavailable, warn } from "../finding.ts";
import type { EvidenceItem, Finding } from "../step.ts";

type Chosen = Extract<ReleaseChoice, { readonly outcome: "chosen" }>;

/** `rel.select`. */
// oxlint-disable-next-line typescript/consistent-return -- the switch is exhaustive, which the compiler checks
export async function judgeSelection(opened: Case): Promise<Finding> {
  const choice = await opened.release();
  if (choice === null)
    return skip("Nobody said whether this is a KMS or a node, and the evidence does not tell.", "release-missing");
  switch (choice.outcome) {
    case "absent":
      return skip(`There is no release to compare with: ${choice.reason}.`, "release-missing");
    case "unavailable":
      return unavailable("release-unavailable", `The releases did not come: ${choice.reason}.`);
    case "unknown-tag":
      return fail("release-unknown", `There is no release ${quoteForeignText(choice.tag)}.`);
    case "unmatched": {
      const searched = choice.searched.map((tag) => item("Searched", tag, "release"));
      return skip(`None of ${searched.length} releases has what this machine runs.`, "release-unmatched", searched);
    }
    case "chosen":
      return judgeChosen(opened, choice);
  }
}

function judgeChosen({ anchors, kind, request }: Case, choice: Chosen): Finding {
  const { material } = choice.release;
  const name = material.tag ?? "the values that you gave";
  const known = kind === null ? null : anchors.newestRelease[kind];
  const evidence: EvidenceItem[] = [
    item("Release", name, "release"),
    ...(material.publishedAt === null ? [] : [item("Published", material.publishedAt, "release", "time")]),
    ...choice.searched.map((tag) => item("Looked at", tag, "release")),
    ...(request.releases.status === "given" ? [item("Taken from", request.releases.source, "release")] : []),
    ...(material.newestListed === undefined
      ? []
      : [item("Newest release that is listed", material.newestListed, "release")]),
    ...(known === null
      ? []
      : [item("Newest release that this build knows", `${known.tag}, as of ${known.knownAt}`, "release")]),
  ];
  if (material.withdrawn !== null) {
    return warn("release-withdrawn", `${name} was withdrawn: ${quoteForeignText(material.withdrawn)}.`, evidence);
  }
  const own = material.tag ?? versionOf(choice.release);
  if (known !== null && isOlder(own, known.tag)) {
    const summary = `${name} is older than ${known.tag}, the newest that this build of ${known.knownAt} knows.`;
    return warn("release-outdated", summary, evidence);
  }
  const newest = known === null ? "" : ` The newest that this build of ${known.knownAt} knows is ${known.tag}.`;
  const how = {
    search: `${name} was found by what the machine runs.`,
    tag: `${name} was asked for.`,
    user: "The machine is compared with values that you gave.",
  }[choice.by];
  const { newestListed } = material;
  const listed =
    newestListed !== undefined && isOlder(own, newestListed)
      ? ` It is not the newest: ${quoteForeignText(newestListed)} is listed.`
      : "";
  return pass(`${how}${listed}${newest}`, evidence);
}

/** What the signed documents call themselves, where nobody said which release it is. */
function versionOf({ values }: JudgedRelease): string | null {
  return values.ok ? (values.value.profiles[0]?.version ?? null) : null;
}

function isOlder(tag: string | null, than: string): boolean {
  const [one, other] = [parseReleaseReference(tag ?? ""), parseReleaseReference(than)];
  return one.ok && other.ok && compareVersions(one.value.version, other.value.version) < 0;
}

async function chosenRelease(opened: Case): Promise<JudgedRelease | null> {
  const choice = await opened.release();
  return choice?.outcome === "chosen" ? choice.release : null;
}

/** `rel.sigstore`. */
export async function judgeReleaseSignatures(opened: Case): Promise<Finding> {
  const release = await chosenRelease(opened);
  if (release === null) return skip("No release was chosen.", "release-missing");
  const { values, signatures, material } = release;
  const evidence = signatures.flatMap(({ signature }) => [
    item(`SHA-256 of ${signature.asset}`, signature.sha256, "release", "hex"),
    ...(signature.identity === null ? [] : [item("Signed by", signature.identity, "release")]),
    ...(signature.commit === null ? [] : [item("At commit", signature.commit, "release", "hex")]),
    ...(signature.logIndex === null ? [] : [item("Entry of the transparency log", signature.logIndex, "release")]),
    ...(signature.integratedTime === null
      ? []
      : [item("Logged at", formatRfc3339Utc(signature.integratedTime), "release", "time")]),
  ]);
  if (!values.ok) return fail(values.error.code, values.error.sentence, evidence);
  if (material.origin === "user") {
    return warn(
      "release-user-supplied",
      "The machine is compared with values that you supplied; nobody signed them.",
      evidence,
    );
  }
  const problem = signatures.find((judged) => judged.problem !== null)?.problem;
  if (problem !== undefined && problem !== null) return fail(problem.code, problem.sentence, evidence);
  if (signatures.some(({ signature }) => signature.form !== "bundle")) {
    const summary =
      "The release was signed by its workflow, and nothing proves when: there is no entry of a transparency log.";
    return warn("release-unwitnessed", summary, evidence);
  }
  return pass(`All ${signatures.length} files that are used were signed and logged by the release workflow.`, evidence);
}

/** `rel.measurements`. */
export async function judgeMeasurements(opened: Case): Promise<Finding> {
  const comparison = await opened.comparison();
  if (comparison === null || comparison.closest === null)
    return skip("There is nothing to compare with.", "release-missing");
  const { matching, closest } = comparison;
  const shown = matching[0] ?? closest;
  const evidence = registerItems(shown);
  if (matching.length === 0) {
    if (closest.silent.length > 0) {
      const silent = closest.silent.join(", ").toUpperCase();
      return fail(
        "measurement-list-empty",
        `The release does not say what ${silent} of ${closest.reference.profile} may be.`,
        evidence,
      );
    }
    return fail("measurement-mismatch", mismatchSummary(closest), evidence);
  }
  const derived = derivedRtmr3(shown);
  if (derived !== null && derived !== opened.view?.rtmr3) {
    return fail("root-hash-contradicts", "RTMR3 is not what the root hash of the same release leads to.", [
      ...evidence,
      item("RTMR3 from the root hash", derived, "release", "hex"),
    ]);
  }
  const compared = shown.registers.filter(({ outcome }) => outcome === "match").length;
  const summary =
    shown.composeHashMatches === null
      ? `All ${compared} registers are those of one profile of the release.`
      : `${compared} registers and the compose hash are those of one profile of the release.`;
  return pass(
    summary,
    derived === null ? evidence : [...evidence, item("RTMR3 from the root hash", derived, "release", "hex")],
  );
}

function registerItems({ registers, reference, composeHashMatches }: ProfileComparison): readonly EvidenceItem[] {
  return [
    ...registers.flatMap(({ register, observed, allowed, outcome }) => [
      item(`${register.toUpperCase()} in the quote (${outcome})`, observed, "quote", "hex"),
      ...allowed.map((value) => item(`${register.toUpperCase()} in the release`, value, "release", "hex")),
    ]),
    ...(reference.composeHashes ?? []).map((hash) =>
      item(
        `Compose hash in the release (${composeHashMatches === true ? "match" : "mismatch"})`,
        hash,
        "release",
        "hex",
      ),
    ),
  ];
}

function mismatchSummary({ registers, composeHashMatches, reference }: ProfileComparison): string {
  const wrong: string[] = registers.flatMap(({ register, outcome }) =>
    outcome === "mismatch" ? [register.toUpperCase()] : [],
  );
  if (composeHashMatches === false) wrong.push("the compose hash");
  const differs = wrong.length === 0 ? "the combination of registers" : wrong.join(", ");
  return `This machine matches no profile of the release. Closest, not a match: ${reference.profile}, where ${differs} differs.`;
}

/** RTMR3 that the root hash of the release leads to; null where the release names none. */
function derivedRtmr3({ reference }: ProfileComparison): string | null {
  if (reference.rootHash === null) return null;
  const derived = nodeRtmr3({ role: "node", profile: reference.profile, rootHash: reference.rootHash });
  return derived.ok ? derived.value.rtmr3 : "";
}

/** `rel.profile`. */
export async function judgeProfile(opened: Case): Promise<Finding> {
  const comparison = await opened.comparison();
  const [found, ...others] = comparison?.matching ?? [];
  if (found === undefined) return skip("The machine matches no profile.", "dependency-not-met");
  const { profile } = found.reference;
  const evidence = [item("Profile", profile, "release")];
  if (others.length > 0) {
    const all = [found, ...others].map(({ reference }) => reference.profile).join(", ");
    return fail("profile-ambiguous", `The machine matches several profiles: ${all}.`, evidence);
  }
  const { profile: asked } = opened.request;
  if (asked !== null && asked !== profile) {
    return fail("profile-unexpected", `The machine runs ${profile}, not ${asked}.`, evidence);
  }
  const claimed = claimedProfiles(opened);
  const contradiction = claimed.find((claim) => claim !== profile);
  if (contradiction !== undefined) {
    const summary = `The application says that it is ${quoteForeignText(contradiction)}; what was deployed is ${profile}.`;
    return fail("profile-event-contradicts", summary, evidence);
  }
  if (profile !== "locked-read-only") {
    const summary = `This is the ${profile} image, which is open to its operator.`;
    return warn("profile-not-production", summary, evidence);
  }
  return pass("This is the locked image, which nobody can log in to.", evidence);
}

/** What the application says about its profile in RTMR3; newer dstack does not let it. */
function claimedProfiles({ log }: Case): readonly string[] {
  if (log?.ok !== true) return [];
  const payloads = listRuntimeEvents(log.value, KMS_PROFILE_EVENT, "whole-log");
  return payloads.map((payload) => new TextDecoder().decode(payload).replace(`${KMS_PROFILE_EVENT}=`, ""));
}

/** `rel.compat`. */
export async function judgeCompatibility(opened: Case): Promise<Finding> {
  if (opened.kind !== "kms") return skip("Only a KMS comes with a compatibility map.");
  const release = await chosenRelease(opened);
  if (release === null || !release.values.ok) return skip("No release was chosen.", "release-missing");
  const { profiles, compatibilityMap: map } = release.values.value;
  if (map === null) return skip("The compatibility map was not given.", "compat-missing");
  const { compatibility } = map;
  const evidence = [
    item("KMS release", compatibility.kms_tag, "release"),
    item("Node release", compatibility.node_image_tag, "release"),
    ...PROFILES.map((profile) =>
      item(`KMS image of ${profile}`, compatibility.profiles[profile].kms_image_digest, "release"),
    ),
  ];
  const wrong = [
    ...(compatibility.version === map.tag ? [] : ["version and tag of the map"]),
    ...(compatibility.kms_tag === `mero-kms-v${map.tag}` ? [] : ["the KMS tag of the map"]),
    ...(compatibility.node_image_tag === `mero-tee-v${map.tag}` ? [] : ["the node tag of the map"]),
    ...profiles.flatMap((reference) => {
      const entry = compatibility.profiles[reference.profile];
      const asset = release.material.assets.find(({ name }) => name === policyAsset(reference.profile));
      const about = (what: string): string => `${what} of ${reference.profile}`;
      const sourceTag = `mero-kms-v${reference.version ?? ""}`;
      return [
        ...(reference.version === map.tag || sourceTag === compatibility.kms_policy_source_tag
          ? []
          : [about("the release of the policy")]),
        ...(entry.node_profile === reference.profile ? [] : [about("the node profile")]),
        ...(entry.kms_policy_asset === policyAsset(reference.profile) ? [] : [about("the name of the policy")]),
        ...(entry.event_payload === (reference.composeHashes?.[0] ?? "") ? [] : [about("the compose hash")]),
        ...(entry.kms_policy_sha256 === undefined ||
        asset === undefined ||
        entry.kms_policy_sha256 === toHex(sha256(asset.bytes))
          ? []
          : [about("the digest of the policy")]),
      ];
    }),
  ];
  if (wrong.length > 0) {
    return fail(
      "compat-contradiction",
      `The documents of the release contradict each other: ${wrong.join(", ")}.`,
      evidence,
    );
  }
  return pass(`${compatibility.kms_tag} and ${compatibility.node_image_tag} belong together.`, evidence);
}
