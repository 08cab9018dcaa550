import { parseArgs } from "node:util";
import { execa } from "execa";
import { Misuse, needed, settle } from "../script-outcome.ts";

/**
 * `node scripts/gcp/sweep.ts --project P --hours N [--dry-run]`: removes machines that probes left behind, and the firewall rules of their
 * names. A machine counts as left behind when it is older than so many hours. Ends with 0, 1 (gcloud refused) or 2 (usage).
 */
const OPTIONS = {
  project: { type: "string" },
  hours: { type: "string" },
  "dry-run": { type: "boolean", default: false },
} as const;

async function sweep(): Promise<string> {
  const { values } = parseArgs({ options: OPTIONS });
  const [project, hours] = [needed(values.project, "project"), needed(values.hours, "hours")];
  if (!/^[a-z][a-z0-9-]*$/.test(project) || !/^[1-9]\d{0,3}$/.test(hours))
    throw new Misuse("--project or --hours is none");
  const gcloud = async (...args: readonly string[]): Promise<string> =>
    (await execa("gcloud", [...args, `--project=${project}`, "--quiet"])).stdout;
  const filter = `labels.mero-tee-probe=true AND creationTimestamp<-PT${hours}H`;
  const listed: unknown = JSON.parse(
    await gcloud("compute", "instances", "list", `--filter=${filter}`, "--format=json(name,zone)"),
  );
  const machines = Array.isArray(listed) ? listed.flatMap(machineOf) : [];
  // Each is tried, whatever becomes of the others: a rule may be gone where its machine is not.
  const kept: string[] = [];
  for (const { name, zone } of values["dry-run"] ? [] : machines) {
    const outcomes = await Promise.allSettled([
      gcloud("compute", "instances", "delete", name, `--zone=${zone}`, "--delete-disks=all"),
      gcloud("compute", "firewall-rules", "delete", name),
    ]);
    if (outcomes.some(({ status }) => status === "rejected")) kept.push(name);
  }
  if (kept.length > 0) throw new Error(`machine or firewall rule could not be removed: ${kept.join(", ")}`);
  return machines.length === 0 ? "nothing was left behind" : machines.map(({ name }) => name).join("\n");
}

function machineOf(listed: unknown): readonly { readonly name: string; readonly zone: string }[] {
  const members = new Map(Object.entries(listed ?? {}));
  const [name, zone] = [String(members.get("name")), String(members.get("zone")).split("/").at(-1) ?? ""];
  return /^[a-z][a-z0-9-]*$/.test(name) && /^[a-z][a-z0-9-]*$/.test(zone) ? [{ name, zone }] : [];
}

await settle(sweep);
