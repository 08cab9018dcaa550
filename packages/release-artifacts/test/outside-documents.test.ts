import { describe, expect, test } from "vitest";

import { parseImagePrediction, parseTcbWaivers } from "../src/index.ts";

const MRTD = "ab".repeat(48);

describe("what a caller knows beside a release", () => {
  test("exceptions for TCB statuses have a status, a reason and an end", () => {
    const waiver = { status: "OutOfDate", advisory: "INTEL-SA-01234", expires_at: "2026-02-01T00:00:00Z" };
    const text = JSON.stringify({ schema_version: 1, waivers: [waiver] });
    expect(parseTcbWaivers("w.json", text)).toEqual({
      ok: true,
      value: [{ status: "OutOfDate", advisory: "INTEL-SA-01234", expiresAt: 1_769_904_000 }],
    });
    const endless = text.replace("2026-02-01T00:00:00Z", "never");
    expect(parseTcbWaivers("w.json", endless)).toMatchObject({ ok: false, error: [{ path: "waivers[0].expires_at" }] });
  });

  test("a prediction is part of what describes an image", () => {
    expect(parseImagePrediction("i.json", JSON.stringify({ name: "x", predicted: { rtmr3: MRTD } }))).toEqual({
      ok: true,
      value: { rtmr3: MRTD },
    });
    expect(parseImagePrediction("i.json", "{}")).toEqual({ ok: true, value: {} });
    expect(parseImagePrediction("i.json", '{"predicted":{"rtmr3":"zz"}}')).toMatchObject({ ok: false });
  });
});
