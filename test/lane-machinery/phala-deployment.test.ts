import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { laneMachinery } from "./machinery.ts";

const lane = laneMachinery();

describe("a deployment on Phala Cloud", () => {
  const COMPOSE = '{"name":"mero-kms-debug-2-4-0","docker_compose_file":"services: {}"}\n';
  const HASH = createHash("sha256").update(COMPOSE).digest("hex");
  const APP = "ab".repeat(20);
  const deploy = async (...more: readonly string[]) => {
    await writeFile(join(lane.directory, "app-compose.json"), COMPOSE);
    const args = [
      "--app-compose",
      "app-compose.json",
      "--domain",
      "dstack-prod5.phala.network",
      "--out",
      "record.json",
    ];
    return await lane.script("phala/provision.ts", [...args, ...more]);
  };

  test("runs the very composition that was reviewed, and is taken down", async () => {
    lane.answers = {
      "POST /cvms/provision": { body: { app_id: APP, compose_hash: HASH } },
      "POST /cvms": { body: { id: 1 } },
      [`DELETE /cvms/app_${APP}`]: { body: {} },
    };
    const url = `https://${APP}-8080.dstack-prod5.phala.network`;
    const run = await deploy();
    expect(run).toMatchObject({ exitCode: 0, outputs: `url=${url}\n` });
    expect(lane.requests[0]?.body).toEqual({
      name: "mero-kms-debug-2-4-0",
      instance_type: "tdx.small",
      kms: "PHALA",
      listed: false,
      compose_file: JSON.parse(COMPOSE),
    });
    expect(lane.requests[1]?.body).toEqual({ app_id: APP, compose_hash: HASH });
    expect(lane.requests.every(({ headers }) => headers["x-api-key"] === "the-key")).toBe(true);
    expect(await lane.script("phala/provision.ts", ["--remove", "record.json"])).toMatchObject({ exitCode: 0 });
    expect(lane.requests.at(-1)?.line).toBe(`DELETE /cvms/app_${APP}`);
  });

  test("does not happen where the platform would run another composition", async () => {
    lane.answers = { "POST /cvms/provision": { body: { app_id: APP, compose_hash: "0".repeat(64) } } };
    expect(await deploy()).toMatchObject({ exitCode: 10, outputs: "" });
    expect(lane.requests.map(({ line }) => line)).toEqual(["POST /cvms/provision"]);
    expect(await lane.script("phala/provision.ts", ["--remove", "record.json"])).toMatchObject({
      exitCode: 0,
      stdout: "nothing was deployed",
    });
  });

  test("can be taken down even when it broke off in the middle", async () => {
    lane.answers = {
      "POST /cvms/provision": { body: { app_id: APP, compose_hash: HASH } },
      "POST /cvms": { status: 500 },
    };
    const run = await deploy();
    expect(run).toMatchObject({ exitCode: 1, stderr: "Phala refused POST cvms with status 500" });
    expect(await lane.script("phala/provision.ts", ["--remove", "record.json"])).toMatchObject({ exitCode: 0 });
  });

  test("asks nobody in a dry run, and refuses an address that is none", async () => {
    expect(await deploy("--dry-run")).toMatchObject({ exitCode: 0, stdout: `mero-kms-debug-2-4-0 would run ${HASH}` });
    expect(await deploy("--domain", "evil.example/x")).toMatchObject({ exitCode: 2 });
    expect(lane.requests).toEqual([]);
  });
});
