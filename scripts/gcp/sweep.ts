import { parseArgs } from "node:util";
import { execa } from "execa";
import { Misuse, needed, settle } from "../script-outcome.ts";
import { PROBE_MARK } from "./probe-mark.ts";

/**
 * `node scripts/gcp/sweep.ts --project P --hours N [--dry-run]`: removes machines and firewall rules that probes left behind: those with
 * their mark that are older than so many hours. A rule is found whether or not its machine is still there. With `--dry-run` they are listed.
 * Ends with 0, 1 (gcloud refused) or 2 (usage).
 *
 * Source: Google Cloud, `gcloud topic filters`.
 */
const OPTIONS = {
  project: { type: "string" },
  hours: { type: "string" },
  "dry-run": { type: "boolean", default: false },
} as const;

interface Leftover {
  readonly kind: "machine" | "firewall rule";
  readonly name: string;
  /** How gcloud is told to remove it. */
  readonly removal: readonly string[];
}

async function sweep(): Promise<string> {
  const { values } = parseArgs({ options: OPTIONS });
  const [project, hours] = [needed(values.project, "project"), needed(values.hours, "hours")];
  if (!/^[a-z][a-z0-9-]*$/.test(project) || !/^[1-9]\d{0,3}$/.test(hours))
    throw new Misuse("--project or --hours is none");
  const gcloud = async (...args: readonly string[]): Promise<string> =>
    (await execa("gcloud", ["compute", ...args, `--project=${project}`, "--quiet"])).stdout;
  const older = async (
    kind: "instances" | "firewall-rules",
    mark: string,
    members: string,
  ): Promise<readonly unknown[]> => {
    const filter = `--filter=${mark} AND creationTimestamp<-PT${hours}H`;
    const listed: unknown = JSON.parse(await gcloud(kind, "list", filter, `--format=json(${members})`));
    if (!Array.isArray(listed)) throw new Error(`gcloud did not list ${kind}`);
    return listed;
  };
  const leftovers = [
    ...(await older("instances", `labels.${PROBE_MARK}=true`, "name,zone")).map(machine),
    ...(await older("firewall-rules", `description=${PROBE_MARK}`, "name")).map(firewallRule),
  ];
  // Each is tried, whatever becomes of the others.
  const kept: string[] = [];
  for (const leftover of values["dry-run"] ? [] : leftovers) {
    const [outcome] = await Promise.allSettled([gcloud(...leftover.removal)]);
    if (outcome.status === "rejected") kept.push(lineOf(leftover));
  }
  if (kept.length > 0) throw new Error(`could not be removed: ${kept.join(", ")}`);
  return leftovers.length === 0 ? "nothing was left behind" : leftovers.map(lineOf).join("\n");
}

function lineOf({ kind, name }: Leftover): string {
  return `${kind} ${name}`;
}

function machine(listed: unknown): Leftover {
  const [name, zone] = [nameAt(listed, "name"), nameAt(listed, "zone")];
  return { kind: "machine", name, removal: ["instances", "delete", name, `--zone=${zone}`, "--delete-disks=all"] };
}

function firewallRule(listed: unknown): Leftover {
  const name = nameAt(listed, "name");
  return { kind: "firewall rule", name, removal: ["firewall-rules", "delete", name] };
}

/** A name, or the last part of an address that ends with one; nothing that gcloud could read as a flag. */
function nameAt(listed: unknown, member: "name" | "zone"): string {
  const value: unknown = new Map(Object.entries(listed ?? {})).get(member);
  const text = typeof value === "string" ? (value.split("/").at(-1) ?? "") : "";
  if (!/^[a-z][a-z0-9-]*$/.test(text)) throw new Error(`gcloud listed something with no ${member}`);
  return text;
}

await settle(sweep);
