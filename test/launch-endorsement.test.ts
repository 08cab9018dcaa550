import { beforeAll, describe, expect, test } from "vitest";
import { verifyLaunchEndorsement } from "../packages/release-artifacts/src/index.ts";
import {
  createSimulatedFirmwareEndorser,
  type EndorsementChanges,
  type SimulatedFirmwareEndorser,
} from "../packages/tee-simulator/src/firmware-endorser/index.ts";

/** 2026-11-01T00:00:00Z. */
const NOW = 1_793_491_200;
const YEAR = 365 * 86_400;
const MRTD = "ab".repeat(48);
const MACHINES = [
  { ramGib: 16, mrtd: MRTD },
  { ramGib: 32, mrtd: "cd".repeat(48) },
  { ramGib: 88, mrtd: MRTD },
];

let google: SimulatedFirmwareEndorser;
let somebody: SimulatedFirmwareEndorser;

beforeAll(async () => {
  google = await createSimulatedFirmwareEndorser(NOW);
  somebody = await createSimulatedFirmwareEndorser(NOW);
  // RSA keys, on a shared machine.
}, 60_000);

async function judged(bytes: Uint8Array, now = NOW, mrtd = MRTD) {
  return await verifyLaunchEndorsement(bytes, mrtd, { root: google.rootCertificate, now });
}

async function endorsed(changes: EndorsementChanges = {}): Promise<Uint8Array> {
  return await google.endorse(MACHINES, changes);
}

function flipped(bytes: Uint8Array, offset: number): Uint8Array {
  const copy = bytes.slice();
  copy[offset] = (copy[offset] ?? 0) ^ 1;
  return copy;
}

describe("a launch endorsement", () => {
  test("says for which machines the firmware measures so", async () => {
    expect(await judged(await endorsed())).toEqual({ ramGib: [16, 88] });
    expect(await judged(await endorsed({ bringsRoot: true }))).toEqual({ ramGib: [16, 88] });
  });

  test("of one's own making is worth nothing, whatever it measures", async () => {
    const own = await somebody.endorse(MACHINES);
    expect(await judged(own)).toEqual({ problem: expect.stringMatching(/^the chain of its signer does not hold/) });
    const withRoot = await somebody.endorse(MACHINES, { bringsRoot: true });
    expect(await judged(withRoot)).toEqual({ problem: expect.stringMatching(/^the chain of its signer/) });
  });

  test.each([
    ["of other firmware", "ef".repeat(48), NOW, "it is of firmware that measures otherwise"],
    [
      "whose signer is not valid any more",
      MRTD,
      NOW + 10 * YEAR,
      "the chain of its signer does not hold: a certificate is not valid now",
    ],
    [
      "whose signer is not valid yet",
      MRTD,
      NOW - 2 * YEAR,
      "the chain of its signer does not hold: a certificate is not valid now",
    ],
  ])("%s is none", async (_, mrtd, now, problem) => {
    expect(await judged(await endorsed(), now, mrtd)).toEqual({ problem });
  });

  test("that was changed after it was signed is refused", async () => {
    const changed = await endorsed({ afterSigning: (golden) => flipped(golden, golden.length - 1) });
    expect(await judged(changed)).toEqual({ problem: "its signature is wrong" });
  });

  test("with another signature is refused", async () => {
    const bytes = await endorsed();
    expect(await judged(flipped(bytes, bytes.length - 1))).toEqual({ problem: "its signature is wrong" });
  });

  test.each([
    ["without a signature", async () => await endorsed({ isUnsigned: true })],
    ["with two signatures", async () => Buffer.concat([await endorsed(), Uint8Array.of(0x12, 1, 0)])],
    ["cut off", async () => (await endorsed()).slice(0, -1)],
    ["of nothing", async () => await Promise.resolve(new Uint8Array(0))],
    ["with a group in it", async () => Buffer.concat([await endorsed(), Uint8Array.of(0x1b, 0x1c)])],
    ["with a length that never ends", async () => await Promise.resolve(new Uint8Array(12).fill(0xff))],
    ["longer than any", async () => Buffer.concat([await endorsed(), new Uint8Array(1024 * 1024)])],
    ["with an MRTD of another length", async () => await google.endorse([{ ramGib: 16, mrtd: "ab".repeat(47) }])],
  ])("%s is none at all", async (_, make) => {
    expect(await judged(await make())).toEqual({ problem: "it is no launch endorsement of TDX firmware" });
  });

  test("may say more than is asked", async () => {
    expect(await judged(Buffer.concat([await endorsed(), Uint8Array.of(0x78, 1)]))).toEqual({ ramGib: [16, 88] });
  });

  test("of no other bytes holds", async () => {
    const good = await endorsed();
    for (let bit = 0; bit < good.length * 8; bit += 61) {
      const changed = good.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await judged(changed), `bit ${bit}`).toHaveProperty("problem");
    }
    for (let length = 0; length < good.length; length += 37)
      expect(await judged(good.slice(0, length)), `${length} bytes`).toHaveProperty("problem");
  });
});
