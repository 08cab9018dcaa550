import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { Misuse, needed, settle, variable } from "../script-outcome.ts";

/**
 * `node scripts/gcp/google-credentials.ts --provider PROVIDER --service-account EMAIL --out FILE [--dry-run]`: lets gcloud act as a
 * service account for this workflow run, with the identity that GitHub gives it. No key is stored anywhere. With `--dry-run` nothing is
 * written, and gcloud is not called. Ends with 0, 1 or 2.
 *
 * Source: Google Cloud, workload identity federation (`gcloud iam workload-identity-pools create-cred-config`).
 */
const OPTIONS = {
  provider: { type: "string" },
  "service-account": { type: "string" },
  out: { type: "string" },
  "dry-run": { type: "boolean", default: false },
} as const;

const PROVIDER = /^projects\/\d+\/locations\/global\/workloadIdentityPools\/[a-z0-9-]+\/providers\/[a-z0-9-]+$/;
const ACCOUNT = /^[a-z0-9-]+@[a-z0-9-]+\.iam\.gserviceaccount\.com$/;

async function main(): Promise<string> {
  const { values } = parseArgs({ options: OPTIONS });
  const [provider, account] = [
    needed(values.provider, "provider"),
    needed(values["service-account"], "service-account"),
  ];
  if (!PROVIDER.test(provider)) throw new Misuse("--provider is no workload identity provider");
  if (!ACCOUNT.test(account)) throw new Misuse("--service-account is no service account");
  const out = needed(values.out, "out");
  const audience = `//iam.googleapis.com/${provider}`;
  const url = new URL(variable("ACTIONS_ID_TOKEN_REQUEST_URL"));
  url.searchParams.set("audience", audience);
  const configuration = {
    type: "external_account",
    audience,
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    token_url: "https://sts.googleapis.com/v1/token",
    credential_source: {
      url: url.href,
      headers: { Authorization: `Bearer ${variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN")}` },
      format: { type: "json", subject_token_field_name: "value" },
    },
    service_account_impersonation_url: `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${account}:generateAccessToken`,
  };
  if (values["dry-run"]) return `gcloud would act as ${account}`;
  await writeFile(out, JSON.stringify(configuration), { mode: 0o600, flag: "wx" });
  await execa("gcloud", ["auth", "login", "--brief", "--quiet", `--cred-file=${out}`]);
  return `gcloud acts as ${account}`;
}

await settle(main);
