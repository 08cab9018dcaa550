import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { imageName } from "../image/image-name.ts";
import { parseProfileOption } from "../profile-option.ts";
import { neededVersion } from "../needed-version.ts";
import { Misuse, needed, settle, writeOutputs } from "../script-outcome.ts";
import { PROBE_MARK } from "./probe-mark.ts";

/**
 * `node scripts/gcp/probe-machine.ts --name NAME --project P --zone Z --profile P --version X.Y.Z --image-project P
 * --allow ADDRESS/32|runner [--machine-type NAME] [--subnet NAME] [--tries N] [--dry-run]`: starts a TDX machine from the node image of a version, without a service account, behind a
 * firewall rule that lets one address in, and writes its `url` to `GITHUB_OUTPUT`. With `--remove` instead, both are taken
 * away. With `--dry-run` the gcloud lines are printed. Ends with 0, 1 (gcloud refused, or no machine in time) or 2 (usage).
 */
const OPTIONS = {
  name: { type: "string" },
  project: { type: "string" },
  zone: { type: "string" },
  profile: { type: "string" },
  version: { type: "string" },
  "image-project": { type: "string" },
  allow: { type: "string" },
  "machine-type": { type: "string", default: "c3-standard-4" },
  subnet: { type: "string", default: "default" },
  tries: { type: "string", default: "30" },
  remove: { type: "boolean", default: false },
  "dry-run": { type: "boolean", default: false },
} as const;

/** What Compute Engine takes as a name, and nothing that gcloud could read as a flag. */
const NAME = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const ADDRESS = /^\d{1,3}(?:\.\d{1,3}){3}\/32$/;
const PAUSE_MS = 10_000;

async function main(): Promise<string> {
  const { values } = parseArgs({ options: OPTIONS });
  const named = (option: "name" | "project" | "zone" | "image-project" | "machine-type" | "subnet"): string => {
    const value = needed(values[option], option);
    if (!NAME.test(value)) throw new Misuse(`--${option} is no name`);
    return value;
  };
  const [name, project, zone] = [named("name"), named("project"), named("zone")];
  const lines: string[] = [];
  const gcloud = async (...args: readonly string[]): Promise<string> => {
    const line = [...args, `--project=${project}`, "--quiet"];
    if (values["dry-run"]) {
      lines.push(["gcloud", ...line].join(" "));
      return "";
    }
    return (await execa("gcloud", line)).stdout;
  };
  const instance = ["compute", "instances"] as const;

  if (values.remove) {
    // Both are tried, whatever becomes of the first.
    const outcomes = await Promise.allSettled([
      gcloud(...instance, "delete", name, `--zone=${zone}`, "--delete-disks=all"),
      gcloud("compute", "firewall-rules", "delete", name),
    ]);
    const kept = outcomes.filter(({ status }) => status === "rejected").length;
    if (kept > 0) throw new Error(`${kept} of machine and firewall rule ${name} could not be removed`);
    return [...lines, `${name} is removed`].join("\n");
  }

  const allow = await allowedAddress(needed(values.allow, "allow"));
  const profile = parseProfileOption(values.profile);
  const version = neededVersion(values.version);
  const tries = Number(values.tries);
  if (!(tries >= 1 && tries <= 1000)) throw new Misuse("--tries is no number of tries");
  const machine = [
    `--zone=${zone}`,
    `--machine-type=${named("machine-type")}`,
    `--image=${imageName(profile, version)}`,
    `--image-project=${named("image-project")}`,
    `--subnet=${named("subnet")}`,
    "--confidential-compute-type=TDX",
    "--maintenance-policy=TERMINATE",
    "--no-service-account",
    "--no-scopes",
    `--tags=${name}`,
    `--labels=${PROBE_MARK}=true`,
  ];
  const rule = [
    "--direction=INGRESS",
    "--allow=tcp:80",
    `--source-ranges=${allow}`,
    `--target-tags=${name}`,
    `--description=${PROBE_MARK}`,
  ];
  await gcloud("compute", "firewall-rules", "create", name, ...rule);
  await gcloud(...instance, "create", name, ...machine);
  if (values["dry-run"]) return lines.join("\n");
  for (let round = 1; round <= tries; round += 1) {
    const seen = await gcloud(...instance, "describe", name, `--zone=${zone}`, "--format=json");
    const address = addressOf(JSON.parse(seen));
    if (address !== null) {
      await writeOutputs({ url: `http://${address}` });
      return `${name} runs at ${address}`;
    }
    if (round < tries) await sleep(PAUSE_MS);
  }
  throw new Error(`${name} was not running after ${tries} looks`);
}

/** One address: the one that was given, or the one under which this runner is seen from outside. */
async function allowedAddress(given: string): Promise<string> {
  if (given !== "runner") {
    if (!ADDRESS.test(given)) throw new Misuse("--allow is one address, A.B.C.D/32, or runner");
    return given;
  }
  const seen = await fetch("https://checkip.amazonaws.com", { redirect: "error" });
  const address = `${(await seen.text()).trim()}/32`;
  if (!ADDRESS.test(address)) throw new Error("the address of this runner is not to be learnt");
  return address;
}

/** The outer address of a machine that runs; null before. */
function addressOf(machine: unknown): string | null {
  const text = JSON.stringify(machine);
  const address = /"natIP":"(?<address>\d{1,3}(?:\.\d{1,3}){3})"/.exec(text)?.groups?.["address"];
  return /"status":"RUNNING"/.test(text) && address !== undefined ? address : null;
}

await settle(main);
