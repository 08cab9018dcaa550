import { DEFAULT_REPOSITORY, isRepository } from "@mero-tee/release-artifacts";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure, type CliFailure } from "./cli-failure.ts";
import { type Environment, readVariable } from "./environment.ts";

/** Variables that name the repository, the one that is ours first. */
const VARIABLES = ["MERO_TEE_REPOSITORY", "COSIGN_REPOSITORY"] as const;

/** The repository whose releases are meant, and what decided that if it was not the default. */
export interface RepositorySetting {
  readonly repository: string;
  /** `--repo` or the name of a variable; null for the default. */
  readonly decidedBy: string | null;
}

/** Flag, then environment, then default. Errors: `usage-invalid` for a variable that names no repository. */
export function repositorySetting(
  flag: string | undefined,
  environment: Environment,
): Result<RepositorySetting, CliFailure> {
  if (flag !== undefined) return ok({ repository: flag, decidedBy: "--repo" });
  for (const variable of VARIABLES) {
    const value = readVariable(environment, variable);
    if (value === undefined || value === "") continue;
    if (isRepository(value)) return ok({ repository: value, decidedBy: variable });
    return err(cliFailure("usage-invalid", `${variable} is no repository, OWNER/NAME.`));
  }
  return ok({ repository: DEFAULT_REPOSITORY, decidedBy: null });
}
