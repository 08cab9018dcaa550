import { PROFILES, RTMR3_NEVER_EXTENDED, RTMR3_WITHOUT_ROOT_HASH } from "@mero-tee/policy";

import { ASSET, policyAsset, type RuleId } from "../src/index.ts";
import { jsonWith } from "./release-vectors.ts";
import { appIdentity, type Edit, measured, perProfile, type Recipe, sha256 } from "./release-world.ts";

const LOCKED = policyAsset("locked-read-only");
const DEBUG = policyAsset("debug");
const CHECKSUMS = "kms-phala-checksums.txt";
const FOREIGN = "ab".repeat(48);

function set(at: string, value: unknown): Edit {
  return (text) => jsonWith(text, at, value);
}

function both(...edits: readonly Edit[]): Edit {
  return (text) => edits.reduce((changed, edit) => edit(changed), text);
}

interface RuleCase extends Recipe {
  readonly id: RuleId;
  readonly name: string;
  /** Rules that fail as well, since one thing breaks them all. */
  readonly also?: readonly RuleId[];
  /** How the reviewed policy of the debug profile departs from the released one; without it none was reviewed. */
  readonly reviewed?: Edit;
}

const digest = (words: string): string => `sha256:${sha256(words)}`;

/** What each rule about a release refuses: one thing is wrong, and that rule says so. */
export const RULE_CASES: readonly RuleCase[] = [
  {
    id: "AS-01",
    name: "an asset without its signature",
    lane: "kms",
    tamper: (files) => files.delete(`${ASSET.containerMetadata}.sig`),
  },
  {
    id: "AS-01",
    name: "an SBOM that is not there",
    lane: "verifier",
    tamper: (files) => files.delete(`${ASSET.verifierSbom}.pem`),
  },
  {
    id: "AS-02",
    name: "a policy without its certificate",
    lane: "kms",
    tamper: (files) => files.delete(`${DEBUG}.pem`),
  },
  {
    id: "AS-03",
    name: "an archive without its signature",
    lane: "kms",
    tamper: (files) => files.delete("mero-kms-phala_node.tar.gz.sig"),
  },
  {
    id: "AS-04",
    name: "a node document without its signature",
    lane: "node",
    tamper: (files) => files.delete("published-mrtds.json.sig"),
  },
  {
    id: "AS-06",
    name: "a file that nobody knows",
    lane: "kms",
    tamper: (files) => files.set("install.sh", new Uint8Array(3)),
  },
  {
    id: "AS-06",
    name: "a document of another lane",
    lane: "kms",
    tamper: (files) => files.set("published-mrtds.json", new Uint8Array(3)),
  },
  { id: "AS-07", name: "a name that is a path", lane: "kms", tamper: (files) => files.set("../x", new Uint8Array(3)) },
  {
    id: "AS-07",
    name: "an archive that leads out of its directory",
    lane: "kms",
    archives: { "mero-kms-phala_node.tar.gz": ["../../etc/cron.d/x"] },
  },
  {
    id: "AS-07",
    name: "a document of 100 MiB",
    lane: "kms",
    also: ["SC-12", "C-06"],
    tamper: (files) => files.set(ASSET.containerMetadata, new Uint8Array(100 * 1024 * 1024).fill(0x20)),
  },
  {
    id: "CK-01",
    name: "a checksum file with a name twice",
    lane: "kms",
    edit: { [CHECKSUMS]: (text) => text + text.slice(0, text.indexOf("\n") + 1) },
  },
  {
    id: "CK-01",
    name: "a checksum file with a path trick",
    lane: "kms",
    edit: { [CHECKSUMS]: (text) => `${text}${"0".repeat(64)}  ../../etc/passwd\n` },
  },
  {
    id: "CK-02",
    name: "a digest that is another file's",
    lane: "kms",
    edit: { [CHECKSUMS]: (text) => text.replace(/^[0-9a-f]{64}(?=  kms-phala-container-sbom)/m, "0".repeat(64)) },
  },
  {
    id: "CK-03",
    name: "a wrong digest of the published measurements",
    lane: "node",
    edit: {
      "node-image-gcp-checksums.txt": (text) => text.replace(/^[0-9a-f]{64}(?=  published-mrtds)/m, "0".repeat(64)),
    },
  },
  {
    id: "CK-03",
    name: "no digest of the published measurements",
    lane: "node",
    edit: { "node-image-gcp-checksums.txt": (text) => text.replace(/^.*published-mrtds.*\n/m, "") },
  },
  {
    id: "CK-04",
    name: "a manifest with another digest",
    lane: "kms",
    edit: { [ASSET.kmsManifest]: set("binaries/0/sha256", "0".repeat(64)) },
  },
  {
    id: "CK-05",
    name: "an archive in the manifest alone",
    lane: "kms",
    edit: { [ASSET.kmsManifest]: set("binaries/1", { file: "mero-kms-phala_other.tar.gz", sha256: "0".repeat(64) }) },
  },
  {
    id: "CK-06",
    name: "an asset that has no checksum",
    lane: "kms",
    edit: { [CHECKSUMS]: (text) => text.replace(/^.*kms-phala-container-sbom.*\n/m, "") },
  },
  {
    id: "CK-06",
    name: "a checksum of a signature",
    lane: "kms",
    edit: { [CHECKSUMS]: (text) => `${text}${"0".repeat(64)}  zz.sig\n` },
    also: [],
  },
  {
    id: "CK-07",
    name: "a trust bundle with another policy",
    lane: "kms",
    bundled: { [DEBUG]: set("status", "policy_not_ready") },
  },
  {
    id: "SC-01",
    name: "a document of another version",
    lane: "kms",
    edit: { [ASSET.containerMetadata]: set("tag", "2.4.1") },
  },
  { id: "SC-02", name: "a policy of role node", lane: "kms", edit: { [DEBUG]: set("role", "node") } },
  {
    id: "SC-03",
    name: "a policy of another profile than its name",
    lane: "kms",
    edit: { [DEBUG]: set("profile", "locked-read-only") },
  },
  {
    id: "SC-04",
    name: "a digest in upper case",
    lane: "kms",
    edit: { [ASSET.containerMetadata]: set("container/digest", digest("x").toUpperCase()) },
  },
  {
    id: "SC-04",
    name: "a measurement in upper case",
    lane: "kms",
    edit: {
      [DEBUG]: both(set("policy/kms_allowed_mrtd/0", FOREIGN.toUpperCase()), set("policy/allowed_mrtd/0", FOREIGN)),
    },
  },
  {
    id: "SC-05",
    name: "an empty list",
    lane: "kms",
    edit: { [DEBUG]: both(set("policy/kms_allowed_rtmr2", []), set("policy/allowed_rtmr2", [])) },
  },
  { id: "SC-06", name: "another endpoint", lane: "kms", edit: { [DEBUG]: set("kms/attest_endpoint", "/attest/v2") } },
  {
    id: "SC-06",
    name: "another default binding",
    lane: "kms",
    edit: {
      [DEBUG]: both(
        set("kms/default_binding_hex", "00".repeat(32)),
        set("kms/default_binding_b64", Buffer.alloc(32).toString("base64")),
      ),
    },
  },
  {
    id: "SC-07",
    name: "a compose hash that is none",
    lane: "kms",
    edit: { [ASSET.compatibilityMap]: set("compatibility/profiles/debug/event_payload", "latest") },
  },
  {
    id: "SC-07",
    name: "two compose hashes",
    lane: "kms",
    edit: { [DEBUG]: set("policy/kms_allowed_event_payload/1", "0".repeat(64)) },
  },
  {
    id: "SC-08",
    name: "a manifest that names another policy file",
    lane: "kms",
    edit: { [ASSET.kmsManifest]: set("verification/policy_profile_assets/debug", LOCKED) },
  },
  {
    id: "SC-08",
    name: "a hotfix that patches nothing",
    lane: "kms",
    edit: { [ASSET.kmsManifest]: set("release_class", "hotfix") },
  },
  {
    id: "SC-09",
    name: "a map that pairs profiles crosswise",
    lane: "kms",
    edit: { [ASSET.compatibilityMap]: set("compatibility/profiles/locked-read-only/node_profile", "debug") },
  },
  {
    id: "SC-10",
    name: "a quote that nobody appraised",
    lane: "node",
    edit: {
      "profile-provenance-debug.json": set("external_verification/status", "skipped"),
      [ASSET.releaseProvenance]: set("profiles/debug/external_verification/status", "skipped"),
    },
  },
  {
    id: "SC-11",
    name: "candidates of two machines",
    lane: "node",
    edit: { "measurement-policy-candidates-debug.json": set("policy/allowed_rtmr0/1", FOREIGN) },
  },
  {
    id: "SC-12",
    name: "a time that is none",
    lane: "kms",
    edit: { [ASSET.containerMetadata]: set("generated_at", "2026-02-30T00:00:00Z") },
  },
  {
    id: "SC-12",
    name: "a key twice",
    lane: "kms",
    edit: { [ASSET.containerMetadata]: (text) => text.replace("{", '{"tag": "2.4.0",') },
  },
  { id: "SC-12", name: "cut JSON", lane: "node", edit: { "conformance-debug.json": (text) => text.slice(0, -1) } },
  {
    id: "SC-12",
    name: "another schema version",
    lane: "kms",
    edit: { [ASSET.compatibilityMap]: set("schema_version", 2) },
  },
  {
    id: "SC-12",
    name: "an address elsewhere",
    lane: "kms",
    edit: {
      [ASSET.compatibilityMap]: set("compatibility/node_policy_url", "https://example.com/published-mrtds.json"),
    },
  },
  {
    id: "X-01",
    name: "metadata of another commit",
    lane: "kms",
    edit: { [ASSET.containerMetadata]: set("commit_sha", "0".repeat(40)) },
  },
  {
    id: "X-02",
    name: "a map of another commit",
    lane: "kms",
    edit: { [ASSET.compatibilityMap]: set("commit_sha", "0".repeat(40)) },
  },
  {
    id: "X-02",
    name: "measurements of another commit",
    lane: "node",
    edit: { "published-mrtds.json": set("commit_sha", "0".repeat(40)) },
    also: ["C-04"],
  },
  {
    id: "X-03",
    name: "metadata of another image",
    lane: "kms",
    edit: { [ASSET.containerMetadata]: set("container/image", "ghcr.io/somebody/mero-kms-phala") },
  },
  {
    id: "X-04",
    name: "one image for two profiles",
    lane: "kms",
    edit: {
      [ASSET.kmsManifest]: set("container_profile_digests/debug-read-only", digest("image debug")),
      [ASSET.containerMetadata]: set("container_profile_digests/debug-read-only", digest("image debug")),
      [ASSET.compatibilityMap]: set("compatibility/profiles/debug-read-only/kms_image_digest", digest("image debug")),
    },
  },
  {
    id: "X-05",
    name: "another image in the map",
    lane: "kms",
    edit: { [ASSET.compatibilityMap]: set("compatibility/profiles/debug/kms_image_digest", digest("other")) },
  },
  {
    id: "X-06",
    name: "another policy digest in the map",
    lane: "kms",
    edit: { [ASSET.compatibilityMap]: set("compatibility/profiles/debug/kms_policy_sha256", sha256("other")) },
  },
  {
    id: "X-06",
    name: "a plain policy file that is not the locked one",
    lane: "kms",
    edit: { [ASSET.policyAlias]: (text) => `${text}\n` },
  },
  {
    id: "X-07",
    name: "another compose hash in the map",
    lane: "kms",
    edit: { [ASSET.compatibilityMap]: set("compatibility/profiles/debug/event_payload", sha256("other")) },
  },
  {
    id: "X-07",
    name: "a profile that no probe proved",
    lane: "kms",
    outside: { appIdentities: { debug: appIdentity("debug"), "locked-read-only": appIdentity("locked-read-only") } },
  },
  {
    id: "X-07",
    name: "a probe that did not replay what the machine is",
    lane: "kms",
    outside: { appIdentities: perProfile((each) => ({ ...appIdentity(each), os_image_hash_verified: false })) },
  },
  {
    id: "X-08",
    name: "node values that the node release does not have",
    lane: "kms",
    edit: { [DEBUG]: set("policy/node_allowed_tcb_statuses", ["UpToDate", "OutOfDate"]) },
  },
  {
    id: "X-08",
    name: "a node release by another digest",
    lane: "kms",
    edit: { [DEBUG]: set("node_policy/sha256", sha256("other")) },
  },
  {
    id: "X-09",
    name: "a provenance with other measurements",
    lane: "node",
    edit: { [ASSET.releaseProvenance]: set("mrtds/generated_at", "2026-01-15T10:20:01Z") },
  },
  {
    id: "X-10",
    name: "a machine that says otherwise",
    lane: "node",
    edit: { "mrtd-debug.json": set("tee_info_mrtd", FOREIGN) },
  },
  {
    id: "X-11",
    name: "a document of another run",
    lane: "kms",
    edit: { [ASSET.containerMetadata]: set("workflow_run_id", "1") },
  },
  {
    id: "X-11",
    name: "a certificate of another run",
    lane: "kms",
    sign: (file) =>
      file === DEBUG ? { runUri: "https://github.com/calimero-network/mero-tee/actions/runs/1/attempts/1" } : {},
  },
  {
    id: "X-12",
    name: "historical values of a node",
    lane: "kms",
    edit: { [DEBUG]: set("policy/allowed_mrtd", [measured("google firmware")]) },
  },
  {
    id: "M-01",
    name: "a KMS that can pass as a node",
    lane: "kms",
    edit: {
      [DEBUG]: (text) => {
        const node = /"node_allowed_rtmr3": \[\s*"(?<value>\w+)"/.exec(text)?.groups?.["value"];
        return both(set("policy/kms_allowed_rtmr3/1", node), set("policy/allowed_rtmr3/1", node))(text);
      },
    },
  },
  {
    id: "M-02",
    name: "two KMS profiles that measure alike",
    lane: "kms",
    edit: {
      [DEBUG]: both(
        set("policy/kms_allowed_rtmr3", [measured("kms locked-read-only")]),
        set("policy/allowed_rtmr3", [measured("kms locked-read-only")]),
      ),
    },
  },
  {
    id: "M-03",
    name: "two node profiles with one command line",
    lane: "node",
    edit: {
      "published-mrtds.json": both(
        set("profiles/debug/allowed_rtmr2", [measured("node command line locked-read-only")]),
        set("measurement_sets/0/rtmr2", measured("node command line locked-read-only")),
      ),
    },
  },
  {
    id: "M-04",
    name: "one image for all node profiles",
    lane: "node",
    edit: {
      "published-mrtds.json": both(
        ...PROFILES.flatMap((profile, index) =>
          ["rtmr2", "rtmr3"].flatMap((register) => [
            set(`profiles/${profile}/allowed_${register}`, [FOREIGN]),
            set(`profiles/${profile}/${register}`, FOREIGN),
            set(`measurement_sets/${index}/${register}`, FOREIGN),
          ]),
        ),
      ),
    },
    also: ["M-03", "M-05"],
  },
  {
    id: "M-05",
    name: "a root hash that does not give RTMR3",
    lane: "node",
    edit: { "published-mrtds.json": set("profiles/debug/root_hash", sha256("other root")) },
  },
  {
    id: "M-05",
    name: "no root hash",
    lane: "node",
    edit: { "published-mrtds.json": set("profiles/debug/root_hash", undefined) },
  },
  {
    id: "M-06",
    name: "an empty register",
    lane: "kms",
    edit: {
      [DEBUG]: both(set("policy/kms_allowed_rtmr1/1", "0".repeat(96)), set("policy/allowed_rtmr1/1", "0".repeat(96))),
    },
  },
  {
    id: "M-06",
    name: "nodes that never extended RTMR3, for which no root hash is named",
    lane: "node",
    edit: {
      "published-mrtds.json": both(
        set("profiles/debug/allowed_rtmr3", [RTMR3_NEVER_EXTENDED]),
        set("profiles/debug/root_hash", undefined),
      ),
    },
    also: ["M-05", "M-09"],
  },
  {
    id: "M-06",
    name: "a measurement set that nothing extended RTMR3 in",
    lane: "node",
    edit: { "published-mrtds.json": set("measurement_sets/0/rtmr3", RTMR3_NEVER_EXTENDED) },
    also: ["M-09"],
  },
  {
    id: "M-06",
    name: "a node that found no root hash",
    lane: "kms",
    edit: { [LOCKED]: set("policy/node_allowed_rtmr3", [RTMR3_WITHOUT_ROOT_HASH]) },
    also: ["M-09", "X-08"],
  },
  {
    id: "M-07",
    name: "a debuggable machine",
    lane: "node",
    edit: { "published-mrtds.json": set("measurement_sets/2/td_attributes", "0100001000000000") },
  },
  {
    id: "M-08",
    name: "a locked policy that accepts outdated platforms",
    lane: "kms",
    edit: {
      [LOCKED]: both(
        set("policy/kms_allowed_tcb_statuses/1", "OutOfDate"),
        set("policy/allowed_tcb_statuses/1", "OutOfDate"),
      ),
    },
  },
  {
    id: "M-08",
    name: "a waiver that has expired",
    lane: "kms",
    edit: {
      [LOCKED]: both(
        set("policy/kms_allowed_tcb_statuses/1", "OutOfDate"),
        set("policy/allowed_tcb_statuses/1", "OutOfDate"),
      ),
    },
    outside: { tcbWaivers: [{ status: "OutOfDate", advisory: "INTEL-SA-00001", expiresAt: 1_768_472_400 }] },
  },
  {
    id: "M-09",
    name: "a list that is wider than the sets",
    lane: "node",
    edit: { "published-mrtds.json": set("profiles/debug/allowed_rtmr1/1", FOREIGN) },
  },
  {
    id: "M-09",
    name: "no sets at all",
    lane: "node",
    edit: { "published-mrtds.json": set("measurement_sets", undefined) },
  },
  {
    id: "M-10",
    name: "firmware that Google does not endorse",
    lane: "node",
    outside: { launchEndorsements: new Map([[measured("google firmware"), { problem: "the chain ends elsewhere" }]]) },
  },
  { id: "M-10", name: "firmware without an endorsement", lane: "node", outside: { launchEndorsements: new Map() } },
  {
    id: "M-10",
    name: "firmware that Google endorses for another size of memory",
    lane: "node",
    outside: { launchEndorsements: new Map([[measured("google firmware"), { ramGib: [8, 32] }]]) },
  },
  {
    id: "M-11",
    name: "an image that was predicted otherwise",
    lane: "node",
    outside: { predictions: { debug: { rtmr3: RTMR3_NEVER_EXTENDED } } },
  },
  {
    id: "C-01",
    name: "a signature of somebody else",
    lane: "kms",
    sign: (file) => (file === ASSET.compatibilityMap ? { aspect: "signature" } : {}),
  },
  {
    id: "C-02",
    name: "an asset without its bundle",
    lane: "kms",
    tamper: (files) => files.delete(`${ASSET.binariesSbom}.bundle.json`),
  },
  {
    id: "C-02",
    name: "a trust bundle without its signature",
    lane: "kms",
    tamper: (files) => files.delete(`${ASSET.trustBundle}.sig`),
  },
  {
    id: "C-03",
    name: "a signature without a log entry",
    lane: "node",
    sign: (file) => (file === ASSET.publishedMrtds ? { aspect: "evidence" } : {}),
  },
  { id: "C-04", name: "a run that was started by hand", lane: "kms", sign: () => ({ trigger: "workflow_dispatch" }) },
  { id: "C-04", name: "a commit that no document names", lane: "kms", sign: () => ({ commit: "0".repeat(40) }) },
  { id: "C-04", name: "a repository registered again", lane: "kms", sign: () => ({ repositoryId: "666" }) },
  {
    id: "C-05",
    name: "a signature swapped for another asset's",
    lane: "kms",
    tamper: (files) => files.set(`${DEBUG}.sig`, files.get(`${LOCKED}.sig`) ?? new Uint8Array(0)),
  },
  {
    id: "C-05",
    name: "a certificate that is none",
    lane: "kms",
    tamper: (files) => files.set(`${DEBUG}.pem`, new Uint8Array(8)),
  },
  {
    id: "C-06",
    name: "an index with another time",
    lane: "kms",
    edit: { "kms-phala-rekor-index.json": set("entries/0/integrated_time", "1") },
  },
  {
    id: "C-06",
    name: "an index that leaves an asset out",
    lane: "kms",
    edit: { "kms-phala-rekor-index.json": set("entries/0", undefined) },
  },
  {
    id: "P-02",
    name: "a stable policy that is not ready",
    lane: "kms",
    edit: { [DEBUG]: set("status", "policy_not_ready") },
  },
  {
    id: "P-03",
    name: "a candidate under a stable version",
    lane: "kms",
    edit: { [ASSET.kmsManifest]: set("release_class", "rc") },
  },
  { id: "P-03", name: "a release marked as a prerelease", lane: "kms", outside: { isPrerelease: true } },
  {
    id: "P-04",
    name: "a register that nobody reviewed",
    lane: "kms",
    reviewed: set("policy/kms_allowed_rtmr2/0", FOREIGN),
  },
  {
    id: "P-04",
    name: "nodes that nobody reviewed",
    lane: "kms",
    reviewed: set("policy/node_allowed_rtmr3/0", FOREIGN),
  },
  {
    id: "P-04",
    name: "a key service that nobody reviewed",
    lane: "kms",
    reviewed: set("policy/kms_key_provider", { name: "kms", id: "30" }),
  },
  { id: "P-04", name: "a profile whose policy nobody reviewed", lane: "kms", outside: { promotedPolicies: {} } },
];
