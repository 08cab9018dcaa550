import { execFileSync } from "node:child_process";
import { openAuditFile } from "../../src/audit/audit-file-store.ts";

// A process of its own, whose files the system lets grow to so many bytes only: a limit reaches a whole process.
const [path = "", limit = ""] = process.argv.slice(2);
const limitFiles = (bytes: string): void => {
  execFileSync("prlimit", ["--pid", String(process.pid), `--fsize=${bytes}:unlimited`]);
};
const opened = await openAuditFile(path, () => 0);
if (!opened.ok) throw new Error(opened.error);
const outcomes: string[] = [];
const append = async (): Promise<void> => {
  const written = await opened.value.append({
    kind: "start",
    profile: "debug",
    trustAnchor: "custom",
    discardedBytes: 0,
  });
  outcomes.push(written.ok ? String(written.value.records) : written.error.reason);
};
limitFiles(limit);
while (!outcomes.includes("EFBIG")) await append();
await append();
limitFiles("unlimited");
await append();
process.stdout.write(JSON.stringify(outcomes));
