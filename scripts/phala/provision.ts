import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { Misuse, needed, Refusal, settle, variable, writeOutputs } from "../script-outcome.ts";

/**
 * `node scripts/phala/provision.ts --app-compose FILE --domain SUFFIX --out FILE [--instance-type NAME] [--region NAME]
 * [--service-port N] [--dry-run]` deploys a composition on Phala Cloud: the platform says what compose hash it would run, and only the
 * hash of these very bytes is let in. Leaves a record of the machine in the file, and `url` in `GITHUB_OUTPUT`.
 *
 * `node scripts/phala/provision.ts --remove FILE` takes the machine of a record down; without the file there is nothing to take down.
 *
 * `PHALA_CLOUD_API_KEY` is the account. Ends with 0, 1 (Phala refused), 2 (usage) or 10 (another composition would run).
 * Source: Phala Cloud API 2026-01-21, as @phala/cloud 0.2.9 speaks it (provision, commit, delete).
 */
const OPTIONS = {
  "app-compose": { type: "string" },
  domain: { type: "string" },
  out: { type: "string" },
  "instance-type": { type: "string", default: "tdx.small" },
  region: { type: "string" },
  "service-port": { type: "string", default: "8080" },
  remove: { type: "string" },
  "dry-run": { type: "boolean", default: false },
} as const;

const DEFAULT_API = "https://cloud-api.phala.com/api/v1";
const APP_ID = /^[0-9a-f]{40}$/;
const DOMAIN = /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/;

async function main(): Promise<string> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.remove !== undefined) return await remove(values.remove);
  const domain = needed(values.domain, "domain");
  const port = values["service-port"];
  if (!DOMAIN.test(domain) || !/^\d{1,5}$/.test(port)) throw new Misuse("--domain or --service-port is none");
  const out = needed(values.out, "out");
  const bytes = await readFile(needed(values["app-compose"], "app-compose"));
  const composeHash = createHash("sha256").update(bytes).digest("hex");
  const document: unknown = JSON.parse(bytes.toString("utf8"));
  const name = textAt(document, "name");
  if (values["dry-run"]) return `${name} would run ${composeHash}`;

  const { region, "instance-type": instanceType } = values;
  const offered = await phala("POST", "cvms/provision", {
    name,
    instance_type: instanceType,
    kms: "PHALA",
    listed: false,
    compose_file: document,
    ...(region === undefined ? {} : { region }),
  });
  const [appId, offeredHash] = [textAt(offered, "app_id").replace(/^0x/, ""), textAt(offered, "compose_hash")];
  if (offeredHash !== composeHash)
    throw new Refusal(`Phala would run the composition ${offeredHash}, and ${composeHash} was reviewed`);
  if (!APP_ID.test(appId)) throw new Error("Phala gave the application no id");
  // Written before the machine is there: whatever happens from here on, it can be taken down.
  const url = `https://${appId}-${port}.${domain}`;
  await writeFile(out, `${JSON.stringify({ app_id: appId, compose_hash: composeHash, name, url }, null, 2)}\n`);
  await phala("POST", "cvms", { app_id: appId, compose_hash: composeHash });
  await writeOutputs({ url });
  return `${name} runs at ${url}`;
}

async function remove(record: string): Promise<string> {
  const text = await readFile(record, "utf8").catch(() => null);
  if (text === null) return "nothing was deployed";
  const appId = textAt(JSON.parse(text), "app_id");
  if (!APP_ID.test(appId)) throw new Misuse(`${record} is no record of a machine`);
  await phala("DELETE", `cvms/app_${appId}`);
  return `${appId} is taken down`;
}

async function phala(method: string, path: string, body?: object): Promise<unknown> {
  const api = process.env["PHALA_CLOUD_API_PREFIX"] ?? DEFAULT_API;
  const answer = await fetch(`${api}/${path}`, {
    method,
    redirect: "error",
    headers: {
      "content-type": "application/json",
      "x-api-key": variable("PHALA_CLOUD_API_KEY"),
      "x-phala-version": "2026-01-21",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const gone = method === "DELETE" && answer.status === 404;
  if (!answer.ok && !gone) throw new Error(`Phala refused ${method} ${path} with status ${answer.status}`);
  const text = await answer.text();
  return text === "" ? null : JSON.parse(text);
}

function textAt(document: unknown, member: string): string {
  const value = new Map(Object.entries(document ?? {})).get(member);
  return typeof value === "string" ? value : "";
}

await settle(main);
