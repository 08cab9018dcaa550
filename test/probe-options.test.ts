import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { readProbe } from "../scripts/attestation/probe-options.ts";
import { Misuse } from "../scripts/script-outcome.ts";

const TOLD = { url: "https://machine.example//", profile: "debug", out: "seen", tries: "90" };

beforeEach(() => {
  vi.stubEnv("ITA_API_KEY", "");
});

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("a script that probes a machine", () => {
  test("is told which, and asks for a second opinion wherever there is a key", () => {
    const probe = readProbe(TOLD, "tdx.small");
    expect(probe).toMatchObject({ url: "https://machine.example", profile: "debug", machineType: "tdx.small" });
    expect(probe).toMatchObject({ needsSecondOpinion: false, patience: { tries: 90 } });
    vi.stubEnv("ITA_API_KEY", "key");
    const other = readProbe({ ...TOLD, "machine-type": "tdx.large" }, "tdx.small");
    expect(other).toMatchObject({ needsSecondOpinion: true, machineType: "tdx.large" });
  });

  test.each([
    { url: undefined },
    { out: "" },
    { profile: "prod" },
    { profile: undefined },
    { tries: "0" },
    { tries: "-1" },
    { tries: "10000" },
    { tries: "many" },
  ])("does not begin with %o", (change) => {
    expect(() => readProbe({ ...TOLD, ...change }, "tdx.small")).toThrow(Misuse);
  });
});
