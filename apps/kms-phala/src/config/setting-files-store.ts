import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { Config } from "../config.ts";
import { loadSigstoreRoot, type ReplacedTrustedRoot } from "../sigstore-root-store.ts";
import { loadSimulatedRoot, type SimulatedRoot } from "../simulated-root-store.ts";
import { loadTrustedCertificates } from "./certificate-file-store.ts";
import type { SettingName } from "./kms-settings.ts";

/** The files that settings name and that are read once, at start; null: the setting is unset. */
export interface SettingFiles {
  /** The root that replaces Intel's. */
  readonly root: SimulatedRoot | null;
  /** PEM of what the certificates of Redis must lead to. */
  readonly tlsCa: string | null;
  /** What replaces the trusted root of Sigstore's public instance. */
  readonly sigstoreRoot: ReplacedTrustedRoot | null;
  /** PEM of what the certificates of a PCCS must lead to. */
  readonly pccsCa: string | null;
}

/** A file that cannot be used; `reason` is a clause without the content. */
interface SettingFileProblem {
  readonly setting: SettingName;
  readonly reason: string;
}

/** Reads the files that the settings name. Error: the first that cannot be used. */
export async function loadSettingFiles(config: Config): Promise<Result<SettingFiles, SettingFileProblem>> {
  const root = await load("SIMULATED_ROOT_CA_FILE", config.simulatedRootCaFile, loadSimulatedRoot);
  if (!root.ok) return root;
  const tlsCa = await load("REDIS_TLS_CA_FILE", config.redis?.tlsCaFile ?? null, loadTrustedCertificates);
  if (!tlsCa.ok) return tlsCa;
  const sigstoreRoot = await load("SIGSTORE_TRUSTED_ROOT_FILE", config.sigstoreTrustedRootFile, loadSigstoreRoot);
  if (!sigstoreRoot.ok) return sigstoreRoot;
  const pccsCa = await load("PCCS_CA_FILE", config.collateral.pccsCaFile, loadTrustedCertificates);
  if (!pccsCa.ok) return pccsCa;
  return ok({ root: root.value, tlsCa: tlsCa.value, sigstoreRoot: sigstoreRoot.value, pccsCa: pccsCa.value });
}

async function load<T>(
  setting: SettingName,
  path: string | null,
  read: (path: string) => Promise<Result<T, string>>,
): Promise<Result<T | null, SettingFileProblem>> {
  if (path === null) return ok(null);
  const loaded = await read(path);
  return loaded.ok ? loaded : err({ setting, reason: loaded.error });
}
