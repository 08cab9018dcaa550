import { existsSync } from "node:fs";
import { execa } from "execa";
import { which } from "zx";

const LOCK = "/run/lock/mero-tee-tests-apt";

/**
 * Path of a program of the system, or null where there is none and it may not be installed, which is said in one line. In CI
 * that is a failure: a check that did not run has not passed.
 *
 * @param name - of the program
 * @param inPackage - Debian's package that has it
 */
export async function debianProgram(name: string, inPackage = name): Promise<string | null> {
  const present = await which(name, { nothrow: true });
  if (present !== null) return present;
  if (process.getuid?.() === 0 && existsSync("/etc/debian_version")) {
    process.stdout.write(`installing Debian's ${inPackage}\n`);
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    // One at a time: files of tests run side by side, and apt does not wait for another's lists.
    const apt = async (...args: readonly string[]) =>
      await execa("flock", [LOCK, "apt-get", "-o", "DPkg::Lock::Timeout=120", "-y", "-qq", ...args], {
        env,
        reject: false,
      });
    const install = ["install", "--no-install-recommends", inPackage];
    if ((await apt(...install)).exitCode !== 0) {
      await apt("update");
      await apt(...install);
    }
    const installed = await which(name, { nothrow: true });
    if (installed !== null) return installed;
  }
  const why = `no ${name} here; get it with: apt-get install ${inPackage}`;
  if (!["", "0", "false"].includes(process.env["CI"] ?? "")) throw new Error(why);
  process.stderr.write(`skipped: tests with a real ${name} (${why})\n`);
  return null;
}
