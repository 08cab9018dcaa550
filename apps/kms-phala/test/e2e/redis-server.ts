import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";

const run = promisify(execFile);
const PATHS = ["/usr/bin/redis-server", "/usr/local/bin/redis-server"];

function find(): string | null {
  return PATHS.find((path) => existsSync(path)) ?? null;
}

async function install(): Promise<void> {
  process.stdout.write("installing Debian's redis-server\n");
  // Run level 1: the package's own service must not start. Two test files may come here at the same time.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const apt = (...args: string[]) =>
    run("apt-get", ["-o", "DPkg::Lock::Timeout=120", "-y", "-qq", ...args], { env }).catch(() => undefined);
  await apt("install", "--no-install-recommends", "redis-server");
  if (find() !== null) return;
  await apt("update");
  await apt("install", "--no-install-recommends", "redis-server");
}

async function provide(): Promise<string | null> {
  if (find() === null && process.getuid?.() === 0 && existsSync("/etc/debian_version")) await install();
  const path = find();
  if (path !== null) return path;
  const why = "no redis-server here; get it with: apt-get install redis-server";
  // In CI a check that did not run has not passed.
  if (!["", "0", "false"].includes(process.env["CI"] ?? "")) throw new Error(why);
  process.stderr.write(`skipped: tests with a real Redis (${why})\n`);
  return null;
}

/** Path of the Redis of the system, or null where there is none and it may not be installed; that is said in one line. */
export const REDIS_SERVER: string | null = await provide();
