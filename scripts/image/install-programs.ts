import { parseArgs } from "node:util";
import { execa } from "execa";
import { Misuse, settle } from "../script-outcome.ts";
import { packagesOf } from "./debian-packages.ts";
import { LEVELS } from "./level.ts";

/**
 * `node scripts/image/install-programs.ts --level L... [--dry-run]`: installs Debian's packages with what these levels of tests of node
 * images need, as root. With `--dry-run` the lines are printed. Ends with 0, 1 (apt refused) or 2 (usage).
 */
async function install(): Promise<string> {
  const options = {
    level: { type: "string", multiple: true },
    "dry-run": { type: "boolean", default: false },
  } as const;
  const { values } = parseArgs({ options });
  const named = new Set<string>(values.level);
  const levels = LEVELS.filter((level) => named.has(level));
  if (levels.length === 0 || levels.length !== named.size)
    throw new Misuse(`--level is one of ${LEVELS.join(", ")}, and may be repeated`);
  // Tests that install programs of their own may be at it.
  const apt = ["apt-get", "-o", "DPkg::Lock::Timeout=120", "--quiet", "--quiet"];
  const lines = [
    [...apt, "update"],
    [...apt, "install", "--yes", "--no-install-recommends", ...packagesOf(levels)],
  ];
  if (values["dry-run"]) return lines.map((line) => line.join(" ")).join("\n");
  for (const [program = "", ...args] of lines)
    await execa(program, args, { env: { DEBIAN_FRONTEND: "noninteractive" } });
  return `the programs of ${levels.join(", ")} are here`;
}

await settle(install);
