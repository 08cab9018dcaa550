import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { coverageOfRooms, coverageTable } from "./room-coverage.ts";

/**
 * `pnpm coverage`: counts the lines and branches of the two rooms that judge and that the tests reach, and ends with 1 when one
 * is left out. `coverage/` then has the details by file.
 */
const ROOMS = ["packages/tdx-quote", "packages/policy"];

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = `${root}coverage`;
rmSync(folder, { recursive: true, force: true });

const run = await execa("vitest", ["run", "--config", "vitest.coverage.config.ts"], {
  cwd: root,
  preferLocal: true,
  localDir: root,
  all: true,
  stdin: "ignore",
  reject: false,
});
const rooms =
  run.exitCode === 0 ? coverageOfRooms(JSON.parse(readFileSync(`${folder}/coverage-summary.json`, "utf8")), ROOMS) : [];
const isCovered = run.exitCode === 0 && rooms.every((room) => room.isCovered);
// The run itself says which tests failed and which lines are left out.
if (!isCovered) process.stdout.write(`${run.all}\n`);
for (const line of coverageTable(rooms)) process.stdout.write(`${line}\n`);
process.exitCode = isCovered ? 0 : 1;
