import { beforeAll, expect, test } from "vitest";
import { appraise } from "../src/index.ts";
import { createWorld, kmsAnswer, liveRequest, type World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await createWorld();
});

test("a healthy simulated KMS without a release holds as far as hardware, freshness and log go", async () => {
  const { platform, anchors } = world;
  const request = await liveRequest(platform, "kms", await kmsAnswer(platform));
  const report = await appraise(request, anchors);
  expect(report.steps.filter(({ status, code }) => status === "fail" || code === "step-exception")).toEqual([]);
  expect(Object.fromEntries(report.steps.map(({ id, status }) => [id, status]))).toMatchObject({
    "fresh.nonce": "pass",
    "fresh.binding": "pass",
    "dcap.chain": "pass",
    "dcap.sig": "pass",
    "tcb.status": "pass",
    "log.rtmr3": "pass",
    "app.compose-hash": "pass",
    "rel.select": "skip",
    "rel.measurements": "skip",
  });
  expect(report).toMatchObject({ verdict: "simulated", class: "simulated", kind: "kms" });
});
