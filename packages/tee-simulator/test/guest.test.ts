import { createHash } from "node:crypto";
import { evaluatePolicy, kmsProfileEvent, parseReleasePolicy } from "@mero-tee/policy";
import { parseQuote } from "@mero-tee/tdx-quote";
import { describe, expect, test } from "vitest";
import {
  createSimulatedPlatform,
  deriveDstackKey,
  type DstackLogEntry,
  type GuestProfile,
  runtimeEventDigest,
} from "../src/index.ts";

const NOW = 1_772_000_000;
const PROFILES: readonly GuestProfile[] = ["debug", "debug-read-only", "locked-read-only"];
const platform = await createSimulatedPlatform({ seed: "guest", now: NOW });

/** An independent replay: SHA-384 of register and digest, from zero. */
function replay(eventLog: string): string[] {
  const registers = [0, 1, 2, 3].map(() => Buffer.alloc(48));
  const entries: readonly DstackLogEntry[] = JSON.parse(eventLog);
  for (const { imr, digest } of entries) {
    const before = registers[imr] ?? Buffer.alloc(0);
    registers[imr] = createHash("sha384").update(before).update(Buffer.from(digest, "hex")).digest();
  }
  return registers.map((register) => register.toString("hex"));
}

function quotedRegisters(quote: Uint8Array): string[] {
  const report = Buffer.from(quote).subarray(48);
  return [328, 376, 424, 472].map((offset) => report.subarray(offset, offset + 48).toString("hex"));
}

describe("event logs", () => {
  test.each(PROFILES)("of the KMS explain all four registers (%s)", async (profile) => {
    const { quote, eventLog } = await platform.issueQuote({ reportData: new Uint8Array(64), role: "kms", profile });
    expect(replay(eventLog)).toEqual(quotedRegisters(quote));
  });

  test.each(PROFILES)("of a node explain what its firmware measured (%s)", async (profile) => {
    const { quote, eventLog } = await platform.issueQuote({ reportData: new Uint8Array(64), profile });
    expect(replay(eventLog).slice(0, 3)).toEqual(quotedRegisters(quote).slice(0, 3));
  });

  test("follow the profile of a node in RTMR1, RTMR2 and RTMR3, and only there", () => {
    const [one, two] = [
      platform.measurementsFor("node", "debug"),
      platform.measurementsFor("node", "locked-read-only"),
    ];
    expect([one.mrtd, one.rtmr0]).toEqual([two.mrtd, two.rtmr0]);
    expect(one.rtmr1).not.toBe(two.rtmr1);
    expect(one.rtmr2).not.toBe(two.rtmr2);
    expect(one.rtmr3).not.toBe(two.rtmr3);
  });

  test("do not depend on the platform", async () => {
    const other = await createSimulatedPlatform({ seed: "another", now: NOW });
    expect(other.measurementsFor("kms", "debug")).toEqual(platform.measurementsFor("kms", "debug"));
  });
});

describe("a guest", () => {
  test("that records its profile comes to the published measurements", async () => {
    const guest = platform.bootGuest("debug");
    expect(guest.registers().rtmr3).not.toBe(platform.measurementsFor("kms", "debug").rtmr3);
    const { name, payload } = kmsProfileEvent("debug");
    guest.extend(name, payload);
    expect(guest.registers()).toEqual(platform.measurementsFor("kms", "debug"));
    const { quote, eventLog } = await guest.quote(new Uint8Array(64));
    expect(replay(eventLog)).toEqual(quotedRegisters(quote));
    expect(eventLog).toBe(guest.eventLog());
  });

  test("that emits anything else does not", () => {
    const guest = platform.bootGuest("debug");
    guest.extend("calimero.kms.profile", kmsProfileEvent("locked-read-only").payload);
    expect(guest.registers().rtmr3).not.toBe(platform.measurementsFor("kms", "debug").rtmr3);
  });

  test("keeps its key for a path over a restart and has another for another path", () => {
    const [one, two] = [platform.bootGuest("debug"), platform.bootGuest("debug")];
    expect(one.keyFor("merod/storage/debug/a")).toEqual(two.keyFor("merod/storage/debug/a"));
    expect(one.keyFor("merod/storage/debug/a")).not.toEqual(one.keyFor("merod/storage/debug/b"));
  });

  test("of another application has other keys", () => {
    const [one, two] = [platform.bootGuest("debug"), platform.bootGuest("locked-read-only")];
    expect(one.keyFor("merod/storage/debug/a")).not.toEqual(two.keyFor("merod/storage/debug/a"));
  });
});

test("derives the key that dstack derives", () => {
  const appKey = Uint8Array.from({ length: 32 }, (_, index) => 0x20 + index);
  const path = "merod/storage/locked-read-only/12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB";
  const key = Buffer.from(deriveDstackKey(appKey, path)).toString("hex");
  expect(key).toBe("e72cbfbcdd269f14670d4098b2699bf908173a20429c2edcdae2b1786f2f516f");
});

test("digests the profile event as dstack does", () => {
  expect(Buffer.from(runtimeEventDigest(kmsProfileEvent("locked-read-only"))).toString("hex")).toBe(
    "c1bab0788a0e0554c109c96519f55bbd88dd9b185db37f355559f1ef7d26f1a31222131415180727a1f3f45d57f3b0a1",
  );
});

describe("policy documents", () => {
  test.each(PROFILES)("name the measurements of both roles (%s)", (profile) => {
    const { policy, tag }: { policy: Record<string, unknown>; tag: string } = JSON.parse(
      platform.policyDocumentFor(profile, { tag: "1.2.3" }),
    );
    expect(tag).toBe("1.2.3");
    for (const register of ["mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"] as const) {
      expect(policy[`node_allowed_${register}`]).toEqual([platform.measurementsFor("node", profile)[register]]);
      expect(policy[`kms_allowed_${register}`]).toContain(platform.measurementsFor("kms", profile)[register]);
      expect(policy[`allowed_${register}`]).toEqual(policy[`kms_allowed_${register}`]);
    }
  });

  test.each(PROFILES)(
    "have the simulated machine as a measurement set, which its quotes match (%s)",
    async (profile) => {
      const text = platform.policyDocumentFor(profile, { tag: "1.2.3" });
      const policy = parseReleasePolicy(text, { profile, isLegacyFile: false }, "node");
      const { quote } = await platform.issueQuote({ reportData: new Uint8Array(64), profile });
      const parsed = parseQuote(quote);
      if (!policy.ok || !parsed.ok) throw new Error("policy and quote must parse");
      const { report } = parsed.value;
      expect(policy.value.measurementSets).toMatchObject([
        { id: `1.2.3/${profile}/simulated`, td_attributes: report.tdAttributes, xfam: report.xfam },
      ]);
      expect(evaluatePolicy({ tcbStatus: "UpToDate", ...report }, policy.value).measurementSet?.release).toBe("1.2.3");
    },
  );

  test.each(PROFILES)("are read as released policies of both roles (%s)", (profile) => {
    const text = platform.policyDocumentFor(profile, { tag: "1.2.3" });
    for (const role of ["node", "kms"] as const) {
      const policy = parseReleasePolicy(text, { profile, tag: "1.2.3", isLegacyFile: false }, role);
      const { mrtd, rtmr3 } = platform.measurementsFor(role, profile);
      expect(policy).toMatchObject({ ok: true, value: { tcbStatuses: ["UpToDate"], mrtd: [mrtd] } });
      expect(policy.ok && policy.value.rtmr3).toContain(rtmr3);
    }
  });

  test("are refused for another profile or release", () => {
    const text = platform.policyDocumentFor("debug", { tag: "1.2.3" });
    for (const expected of [
      { profile: "debug-read-only", tag: "1.2.3" },
      { profile: "debug", tag: "1.2.4" },
    ] as const) {
      expect(parseReleasePolicy(text, { ...expected, isLegacyFile: false }, "node").ok).toBe(false);
    }
  });
});
