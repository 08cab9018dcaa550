/** A variable that the command reads: what may stand in it, and what it decides, both as Markdown. */
interface Variable {
  readonly form: string;
  readonly decides: string;
}

/** The name of a variable that the command reads. */
type VariableName =
  | "NO_COLOR"
  | "FORCE_COLOR"
  | "TERM"
  | "MERO_TEE_REPOSITORY"
  | "COSIGN_REPOSITORY"
  | "COSIGN_CERTIFICATE_IDENTITY_REGEXP"
  | "COSIGN_CERTIFICATE_OIDC_ISSUER"
  | "SOURCE_DATE_EPOCH"
  | "GITHUB_SHA"
  | "GITHUB_RUN_ID"
  | "GITHUB_RUN_ATTEMPT"
  | "ACTIONS_ID_TOKEN_REQUEST_URL"
  | "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
  | "ITA_API_KEY"
  | "ITA_APPRAISAL_URL"
  | "ITA_PORTAL_URL"
  | "ITA_POLICY_IDS"
  | "ITA_POLICY_MUST_MATCH";

/**
 * Every variable of the environment that the command reads: the one place that names them. `docs/configuration.md` is made
 * from it.
 */
export const VARIABLES: Readonly<Record<VariableName, Variable>> = {
  NO_COLOR: { form: "anything but nothing", decides: "no colour" },
  FORCE_COLOR: { form: "`0`, `false`, or anything else", decides: "colour or none, whatever the output is" },
  TERM: { form: "`dumb`, or anything else", decides: "no colour on a terminal that has none" },
  MERO_TEE_REPOSITORY: { form: "`OWNER/NAME`", decides: "whose releases are meant, where `--repo` does not say" },
  COSIGN_REPOSITORY: { form: "`OWNER/NAME`", decides: "the same, by the name that users of cosign know" },
  COSIGN_CERTIFICATE_IDENTITY_REGEXP: {
    form: "regular expression",
    decides: "the signer to demand, where `--identity-regex` does not say",
  },
  COSIGN_CERTIFICATE_OIDC_ISSUER: { form: "URL", decides: "the OpenID provider, where `--issuer` does not say" },
  SOURCE_DATE_EPOCH: { form: "Unix seconds", decides: "the time that `release assemble` writes into documents" },
  GITHUB_SHA: {
    form: "set by a workflow run",
    decides: "the commit of `release assemble`, where `--commit` does not say",
  },
  GITHUB_RUN_ID: { form: "set by a workflow run", decides: "its run, where `--run-id` does not say" },
  GITHUB_RUN_ATTEMPT: { form: "set by a workflow run", decides: "its attempt, where `--run-attempt` does not say" },
  ACTIONS_ID_TOKEN_REQUEST_URL: { form: "set by a workflow run", decides: "where `release sign` asks who it is" },
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: { form: "set by a workflow run", decides: "with which token" },
  ITA_API_KEY: {
    form: "ASCII without blanks",
    decides: "the key that `quote verify --ita` asks Intel Trust Authority with",
  },
  ITA_APPRAISAL_URL: { form: "https URL", decides: "where it asks" },
  ITA_PORTAL_URL: { form: "https URL", decides: "whose tokens it takes, and where their keys are" },
  ITA_POLICY_IDS: { form: "comma list of UUIDs", decides: "by which policies Intel Trust Authority judges" },
  ITA_POLICY_MUST_MATCH: { form: "`true` or `false`", decides: "whether there is a token where one does not match" },
};

/** The environment of the process, or of a test. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The text of a variable, if it is set. */
export function readVariable(environment: Environment, name: VariableName): string | undefined {
  return Object.hasOwn(environment, name) ? environment[name] : undefined;
}
