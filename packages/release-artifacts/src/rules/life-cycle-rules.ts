import { ASSET } from "../asset-names.ts";
import { LIST_NAMES, listsOf } from "../documents/release-fields.ts";
import { compareVersions, isReleaseCandidate } from "../release-version.ts";
import { sameJson } from "../same-json.ts";
import { find, needPolicies } from "./look-up.ts";
import { releaseRule, type Rule } from "./rule.ts";

/** Rules about policies from review to start. Source: docs/releases.md. */
export const LIFE_CYCLE_RULES: { readonly [Id in "P-02" | "P-03" | "P-04"]: Rule<"release"> } & {
  readonly [Id in "P-01" | "P-05" | "P-08"]: Rule<"start">;
} = {
  "P-01": {
    scope: "start",
    lanes: [],
    demand: "image, setting and policy are of one profile and version",
    judge: ({ policyProfile, imageProfile, configuredProfile, policyVersion, configuredVersion }, sheet) => {
      const profiles = new Set([policyProfile, imageProfile, configuredProfile]);
      sheet.expect(
        profiles.size === 1,
        `the policy is for ${policyProfile}, the image for ${imageProfile}, the setting ${configuredProfile}`,
      );
      sheet.expect(
        policyVersion === configuredVersion,
        `the policy is of ${policyVersion}, the setting ${configuredVersion}`,
      );
    },
  },
  "P-02": releaseRule(["kms"], "a stable release is ready and names its compose hash", (evidence, sheet) => {
    if (isReleaseCandidate(evidence.version)) return;
    for (const { file, value } of needPolicies(evidence, sheet)) {
      sheet.expect(value.status !== "policy_not_ready", `${file} declares itself not ready`, file);
      const payloads = value.policy.kms_allowed_event_payload ?? [];
      sheet.expect(
        payloads.some((each) => each !== ""),
        `${file} accepts no compose hash`,
        file,
      );
    }
  }),
  "P-03": releaseRule(
    ["kms", "node"],
    "version, class, catalog and tags tell a candidate from a release",
    (evidence, sheet) => {
      const isCandidate = isReleaseCandidate(evidence.version);
      const manifest = find(evidence, "kmsReleaseManifest", ASSET.kmsManifest)?.value;
      if (manifest?.release_class !== undefined) {
        sheet.expect(
          (manifest.release_class === "rc") === isCandidate,
          `${ASSET.kmsManifest}: class ${manifest.release_class} does not fit version ${evidence.version}`,
          ASSET.kmsManifest,
        );
      }
      if (evidence.isPrerelease !== undefined) {
        sheet.expect(
          evidence.isPrerelease === isCandidate,
          isCandidate ? "the candidate is not marked as a prerelease" : "the release is marked as a prerelease",
        );
      }
      if (!isCandidate) return;
      const isListed = evidence.catalog?.releases.some(({ version }) => version === evidence.version) === true;
      sheet.expect(!isListed, `the catalog lists the candidate ${evidence.version}`);
      for (const tag of manifest?.container.tags ?? []) {
        sheet.expect(!/:latest/.test(tag), `${ASSET.kmsManifest}: a candidate moves ${tag}`, ASSET.kmsManifest);
      }
    },
  ),
  "P-04": releaseRule(["kms"], "released values are those that were reviewed", (evidence, sheet) => {
    for (const { file, profile, value } of needPolicies(evidence, sheet)) {
      if (evidence.promotedPolicies === undefined) {
        sheet.unasked("no reviewed policies were given");
        continue;
      }
      const promoted = evidence.promotedPolicies[profile];
      // Who takes a policy out of review does not take the profile out of it.
      if (promoted === undefined) {
        sheet.fault(`nobody reviewed a policy of ${profile}`, file);
        continue;
      }
      // A KMS behind dstack's gateway records a random instance id, so its RTMR3 is another each time that it is probed. Where its
      // event log is judged instead, what was reviewed is the composition's template (G-10), and X-07 ties the probe to it.
      // Whose key service it is decides who else knows every key, whatever else is measured.
      const services = [value, promoted].map(({ policy }) => policy.kms_key_provider ?? null);
      sheet.expect(
        sameJson(services[0], services[1]),
        `${file}: policy.kms_key_provider is not what was reviewed`,
        file,
      );
      const isByLog = value.policy.kms_rtmr3_mode === "event-log" && promoted.policy.kms_rtmr3_mode === "event-log";
      for (const prefix of ["kms_allowed", "node_allowed"]) {
        const [released, reviewed] = [listsOf(value.policy, prefix), listsOf(promoted.policy, prefix)];
        const names = LIST_NAMES.filter((name) => !(isByLog && prefix === "kms_allowed" && name === "rtmr3"));
        for (const name of names) {
          sheet.expect(
            sameJson(released[name], reviewed[name]),
            `${file}: policy.${prefix}_${name} is not what was reviewed`,
            file,
          );
        }
      }
    }
  }),
  "P-05": {
    scope: "start",
    lanes: [],
    demand: "a pinned KMS takes no policy older than itself",
    judge: ({ isPinned, policyVersion, compiledVersion }, sheet) => {
      const isOlder = isPinned && compareVersions(policyVersion, compiledVersion) < 0;
      sheet.expect(!isOlder, `the policy is of ${policyVersion}, older than the image's ${compiledVersion}`);
    },
  },
  "P-08": {
    scope: "start",
    lanes: [],
    demand: "a pinned KMS lets nobody choose whom it trusts",
    judge: ({ isPinned, developmentSettings }, sheet) => {
      for (const name of isPinned ? developmentSettings : [])
        sheet.fault(`${name} is set on an image with a profile pin`);
    },
  },
};
