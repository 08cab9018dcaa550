import type { RepositoryEvidence } from "@mero-tee/release-artifacts";
import { isJsonObject, parseStrictJson } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { parse } from "yaml";

import { cliFailure, type CliFailure } from "../cli-failure.ts";
import { configurationFiles } from "./configuration-files.ts";
import type { Repository } from "./repository-client.ts";

/** The change that is guarded. */
export interface GuardedChange {
  /** Commit before the change; absent to guard the repository as it is. */
  readonly base?: string;
  readonly head: string;
  /** Reason for bumping one version alone. */
  readonly versionSyncWaiver?: string;
}

const KMS_DIRECTORY = "apps/kms-phala";
const KMS_PACKAGE = "@mero-tee/kms-phala";
const KMS_MANIFEST = `${KMS_DIRECTORY}/package.json`;
const VERSIONS_FILE = "versions.json";

/** Collects what the guards judge. Errors: `repository-unreadable`, `input-unrecognised`. */
export async function repositoryEvidence(
  repository: Repository,
  change: GuardedChange,
): Promise<Result<RepositoryEvidence, CliFailure>> {
  const configuration = await configurationFiles(repository);
  if (!configuration.ok) return configuration;
  const manifest = await repository.read(KMS_MANIFEST);
  const kmsVersion = manifest === null ? null : textMember(manifest, "version");
  if (kmsVersion === null) return err(cliFailure("input-unrecognised", `${KMS_MANIFEST} names no version.`));
  const changed = change.base === undefined ? null : await repository.changedPaths(change.base, change.head);
  if (changed?.ok === false) return changed;
  const versionsFile = await repository.read(VERSIONS_FILE);
  const before = change.base === undefined ? null : await versionsAt(repository, change.base);
  const directories = repository.files.flatMap((path) =>
    path.split("/").flatMap((_, at, parts) => (at === 0 ? [] : [parts.slice(0, at).join("/")])),
  );
  return ok({
    configuration: configuration.value,
    kmsVersion,
    lockedKmsVersions: lockedVersions((await repository.read("pnpm-lock.yaml")) ?? "", kmsVersion),
    ...(versionsFile === null ? {} : { versionsFile }),
    ...(before === null ? {} : { before }),
    ...(change.versionSyncWaiver === undefined ? {} : { versionSyncWaiver: change.versionSyncWaiver }),
    ...(changed === null ? {} : { changedPaths: changed.value }),
    directories: new Set(directories),
  });
}

async function versionsAt(
  repository: Repository,
  commit: string,
): Promise<NonNullable<RepositoryEvidence["before"]> | null> {
  const [manifest, versions] = await Promise.all([
    repository.readAt(commit, KMS_MANIFEST),
    repository.readAt(commit, VERSIONS_FILE),
  ]);
  const kmsVersion = manifest === null ? null : textMember(manifest, "version");
  const imageVersion = versions === null ? null : textMember(versions, "imageVersion");
  return kmsVersion === null || imageVersion === null ? null : { kmsVersion, imageVersion };
}

function textMember(json: string, name: string): string | null {
  const parsed = parseStrictJson(new TextEncoder().encode(json));
  const member = parsed.ok && isJsonObject(parsed.value) ? parsed.value.get(name) : undefined;
  return typeof member === "string" ? member : null;
}

/**
 * Every version of the KMS that the lockfile knows. The workspace's own has that of its manifest; one beside it would come from a
 * registry, under our name.
 */
function lockedVersions(lockfile: string, kmsVersion: string): readonly string[] {
  const lock: unknown = parse(lockfile);
  const keysOf = (name: string): readonly string[] => {
    const section = typeof lock === "object" && lock !== null ? new Map(Object.entries(lock)).get(name) : undefined;
    return typeof section === "object" && section !== null ? Object.keys(section) : [];
  };
  return [
    ...keysOf("importers").flatMap((importer) => (importer === KMS_DIRECTORY ? [kmsVersion] : [])),
    ...keysOf("packages").flatMap((key) =>
      key.startsWith(`${KMS_PACKAGE}@`) ? [key.slice(KMS_PACKAGE.length + 1)] : [],
    ),
  ];
}
