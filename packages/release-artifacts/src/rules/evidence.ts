import type { Profile } from "@mero-tee/policy";
import type { Result } from "@mero-tee/tdx-quote/result";

import type { ArchiveError, ArchiveMember } from "../archive.ts";
import type { Checksum, ChecksumProblem } from "../checksums.ts";
import type { AppIdentity } from "../documents/app-identity.ts";
import type { AttestationPolicyDocument } from "../documents/attestation-policy.ts";
import type { CompatibilityCatalog } from "../documents/compatibility-catalog.ts";
import type { DocumentProblem } from "../documents/document-problem.ts";
import type { ParsedDocument } from "../documents/document-shape.ts";
import type { MeasurementCandidates } from "../documents/measurement-candidates.ts";
import type { PublishedMrtds } from "../documents/published-mrtds.ts";
import type { PerProfile, Registers } from "../documents/release-fields.ts";
import type { DocumentKind, ReleasedDocuments } from "../documents/released-documents.ts";
import type { FirmwareEndorsement } from "../firmware/verify-launch-endorsement.ts";
import type { ReleaseLane } from "../lane.ts";
import type { ReleaseVersion } from "../release-version.ts";
import type { SidecarForms } from "../sidecar-forms.ts";
import type { SignatureFailure, SignatureView } from "../signature-port.ts";

/** A document of a release, read or refused. */
export interface LoadedDocument<T> {
  readonly file: string;
  /** Digest of the bytes that were read, 64 hex digits. */
  readonly sha256: string;
  readonly result: Result<ParsedDocument<T>, readonly DocumentProblem[]>;
}

/** A file of a release. */
export interface AssetFacts {
  readonly size: number;
  /** Null for a file that is longer than any of its kind may be, and was not read. */
  readonly sha256: string | null;
}

/** The documents of a release by kind, each under its file name. */
export type LoadedDocuments = {
  readonly [K in DocumentKind]: ReadonlyMap<string, LoadedDocument<ReleasedDocuments[K]>>;
};

/** What a caller knows beside the release itself; a rule that needs what is not given is skipped, and says so. */
export interface OutsideKnowledge {
  /** The directory is one that a lane is about to sign: signatures are not looked for yet. */
  readonly isUnsigned?: boolean;
  /** The published measurements of the node release that a KMS release was made for. */
  readonly nodeRelease?: LoadedDocument<PublishedMrtds>;
  /** What the probes of the KMS proved, by profile. */
  readonly appIdentities?: Partial<PerProfile<AppIdentity>>;
  /** The reviewed policies of the repository. */
  readonly promotedPolicies?: Partial<PerProfile<AttestationPolicyDocument>>;
  readonly catalog?: CompatibilityCatalog;
  /** Whether the release is marked as a prerelease where it is published. */
  readonly isPrerelease?: boolean;
  /** What came of verifying Google's launch endorsements, by MRTD. */
  readonly launchEndorsements?: ReadonlyMap<string, FirmwareEndorsement>;
  /** Registers that were computed from the images' bytes. */
  readonly predictions?: Partial<PerProfile<Partial<Registers>>>;
  /** Signed exceptions for TCB statuses. */
  readonly tcbWaivers?: readonly TcbWaiver[];
  /** The instant of judgement, Unix seconds; needed with waivers. */
  readonly now?: number;
  /** Numeric ids of the repository and its owner: a re-registered name has others. */
  readonly signerIds?: { readonly repositoryId: string; readonly ownerId: string };
}

/** A signed exception: a TCB status that a locked policy may list, why, and until when. */
export interface TcbWaiver {
  readonly status: string;
  readonly advisory: string;
  /** Unix seconds. */
  readonly expiresAt: number;
}

/** A release that was loaded: nothing in it is trusted. */
export interface ReleaseEvidence extends OutsideKnowledge {
  readonly lane: ReleaseLane;
  readonly version: ReleaseVersion;
  /** `OWNER/NAME` */
  readonly repository: string;
  /** Every file, sidecars included. */
  readonly assets: ReadonlyMap<string, AssetFacts>;
  readonly documents: LoadedDocuments;
  /** Null where the checksum file is missing. */
  readonly checksums: Result<readonly Checksum[], readonly ChecksumProblem[]> | null;
  readonly archives: ReadonlyMap<string, Result<readonly ArchiveMember[], ArchiveError>>;
  /** What the signature files of each asset say; nothing of it is verified. */
  readonly sidecars: ReadonlyMap<string, SidecarForms>;
  /** Outcome of verifying the signatures; null where nobody did. */
  readonly signatures: ReadonlyMap<string, Result<SignatureView, SignatureFailure>> | null;
}

/** How the download of a release went. */
export interface DownloadEvidence {
  /** Assets that were not there at first, and how they came. */
  readonly late: readonly {
    readonly file: string;
    readonly waits: number;
    readonly tries: number;
    readonly arrived: boolean;
  }[];
}

/** What a KMS knows when it starts. */
export interface KmsStartEvidence {
  readonly policyProfile: string;
  readonly imageProfile: string;
  readonly configuredProfile: string;
  readonly policyVersion: ReleaseVersion;
  readonly configuredVersion: ReleaseVersion;
  /** The version compiled into the image. */
  readonly compiledVersion: ReleaseVersion;
  readonly isPinned: boolean;
  /** Settings for development that are set: other roots, checks switched off. */
  readonly developmentSettings: readonly string[];
}

/** A published release, later. */
export interface HistoryEvidence {
  /** Its entry as the compatibility map makes it, and as the catalog has it. */
  readonly listing?: { readonly version: string; readonly isListed: boolean };
  /** How its files differ from what the first audit saw, one clause each. */
  readonly changes?: readonly string[];
}

/** A parsed configuration file: YAML or JSON as plain values. */
interface ConfigurationFile {
  readonly path: string;
  readonly value: unknown;
}

/** A change to the repository, or the repository at a commit. */
export interface RepositoryEvidence {
  /** Workflows, compose templates and manifests. */
  readonly configuration: readonly ConfigurationFile[];
  readonly kmsVersion: string;
  /** Every version that the lockfile has for the KMS package. */
  readonly lockedKmsVersions: readonly string[];
  /** `versions.json`; absent where the repository builds no node image. */
  readonly versionsFile?: string | undefined;
  /** The two versions before the change; absent outside a change. */
  readonly before?: { readonly kmsVersion: string; readonly imageVersion: string };
  /** Reason given with the label `skip-version-sync`. */
  readonly versionSyncWaiver?: string;
  /** Paths of the change; absent outside one. */
  readonly changedPaths?: readonly string[];
  /** Directories that exist. */
  readonly directories: ReadonlySet<string>;
  /** The ref that a release is published from; absent outside a release. */
  readonly publishRef?: string;
  /** Names of the assets of the merod release that the image takes. */
  readonly merodAssets?: readonly string[];
  readonly probe?: { readonly headSha: string; readonly releaseCommit: string };
  /** The app-compose that a KMS is deployed with. */
  readonly appCompose?: { readonly document: unknown; readonly version: string; readonly profile: Profile };
}

/** What probes of live machines saw after a release. */
export interface LiveEvidence {
  readonly published?: PublishedMrtds;
  /** What nodes of the release measure as. */
  readonly probes: Partial<PerProfile<MeasurementCandidates>>;
  /** The released policies, and what KMSs of the release measure as. */
  readonly kms?: {
    readonly policies: Partial<PerProfile<AttestationPolicyDocument>>;
    readonly probes: Partial<PerProfile<MeasurementCandidates>>;
  };
  /** Each profile's policy against each profile's node: by the values of the policy, by asking a live KMS, or by both. */
  readonly matrix?: readonly { readonly policy: Profile; readonly node: Profile; readonly allowed: boolean }[];
  readonly antiFake?: readonly AntiFakeChecks[];
  readonly composeHashes?: readonly { readonly profile: Profile; readonly live: string; readonly released: string }[];
  /** What live nodes got from live KMSs: null for a key. */
  readonly crossProfile?: readonly {
    readonly kms: Profile;
    readonly node: Profile;
    readonly expectedCode: string | null;
    readonly actualCode: string | null;
  }[];
}

/** The four checks of `node-client-verification-PROFILE.json`. */
export interface AntiFakeChecks {
  readonly profile: Profile;
  readonly positivePassed: boolean;
  readonly wrongNonceRejected: boolean;
  readonly tamperedQuoteRejected: boolean;
  readonly wrongApplicationHashRejected: boolean;
}

/** What each scope of rules judges. */
export interface EvidenceByScope {
  readonly release: ReleaseEvidence;
  readonly download: DownloadEvidence;
  readonly start: KmsStartEvidence;
  readonly repository: RepositoryEvidence;
  readonly live: LiveEvidence;
  readonly history: HistoryEvidence;
}

/** One of the scopes. */
export type RuleScope = keyof EvidenceByScope;
