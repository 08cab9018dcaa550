import { type MeasurementSet, namesNoImage, nodeRtmr3, type Profile, PROFILES } from "@mero-tee/policy";

import { ASSET } from "../asset-names.ts";
import { type ListsByName, listsOf } from "../documents/release-fields.ts";
import { machineMemoryGib } from "../firmware/machine-memory.ts";
import type { ReleaseEvidence } from "./evidence.ts";
import { all, needPolicies, needPublished } from "./look-up.ts";
import { releaseRule, type Rule, type RuleSheet } from "./rule.ts";

const REGISTERS = ["mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"] as const;

/**
 * Registers whose prediction no boot on TDX hardware has confirmed yet: a difference is a warning. Take a register out of here when
 * one has.
 *
 * Source: docs/node-images.md.
 */
const UNCONFIRMED: ReadonlySet<(typeof REGISTERS)[number]> = new Set(["rtmr1", "rtmr2"]);

/** Pairs of profiles, each once. */
const PAIRS = PROFILES.flatMap((left, index) => PROFILES.slice(index + 1).map((right) => [left, right] as const));

/** Every family of lists in a release, with its file and the profile that it is for. */
function families(
  evidence: ReleaseEvidence,
  sheet: RuleSheet,
): readonly { readonly file: string; readonly name: string; readonly profile: Profile; readonly lists: ListsByName }[] {
  if (evidence.lane === "node") {
    const published = needPublished(evidence, sheet);
    return PROFILES.flatMap((profile) =>
      published === null
        ? []
        : [
            {
              file: published.file,
              name: `profiles.${profile}.allowed`,
              profile,
              lists: listsOf(published.value.profiles[profile], "allowed"),
            },
          ],
    );
  }
  return needPolicies(evidence, sheet).flatMap(({ file, profile, value }) =>
    ["kms_allowed", "node_allowed"].map((prefix) => ({
      file,
      name: `policy.${prefix}`,
      profile,
      lists: listsOf(value.policy, prefix),
    })),
  );
}

/** Every complete tuple in a release, with its file. */
function setsOf(evidence: ReleaseEvidence): readonly { readonly file: string; readonly set: MeasurementSet }[] {
  return [
    ...all(evidence, "publishedMrtds").flatMap(({ file, value }) =>
      (value.measurement_sets ?? []).map((set) => ({ file, set })),
    ),
    ...all(evidence, "attestationPolicy").flatMap(({ file, value }) =>
      (value.policy.node_measurement_sets ?? []).map((set) => ({ file, set })),
    ),
  ];
}

function overlap(left: readonly string[], right: readonly string[]): string | undefined {
  return left.find((value) => right.includes(value));
}

/** One tuple as lists of one value each. */
function columnsOfSet(set: MeasurementSet): Readonly<Record<(typeof REGISTERS)[number], readonly string[]>> {
  const { mrtd, rtmr0, rtmr1, rtmr2, rtmr3 } = set;
  return { mrtd: [mrtd], rtmr0: [rtmr0], rtmr1: [rtmr1], rtmr2: [rtmr2], rtmr3: [rtmr3] };
}

/** The lists that a profile's sets make, each register a column without repeats. */
function columnsOf(sets: readonly MeasurementSet[], register: (typeof REGISTERS)[number]): readonly string[] {
  return [...new Set<string>(sets.map((set) => set[register]))].toSorted();
}

/** Rules about measurements. Source: docs/releases.md. */
export const MEASUREMENT_RULES: {
  readonly [
    Id in "M-01" | "M-02" | "M-03" | "M-04" | "M-05" | "M-06" | "M-07" | "M-08" | "M-09" | "M-10" | "M-11"
  ]: Rule<"release">;
} = {
  "M-01": releaseRule(["kms"], "no KMS can pass as a node: their RTMR3 values are disjoint", (evidence, sheet) => {
    for (const { file, value } of needPolicies(evidence, sheet)) {
      const shared = overlap(value.policy.kms_allowed_rtmr3, value.policy.node_allowed_rtmr3);
      sheet.expect(shared === undefined, `${file}: RTMR3 ${String(shared)} is accepted of a KMS and of a node`, file);
    }
  }),
  "M-02": releaseRule(["kms"], "no two KMS profiles measure alike", (evidence, sheet) => {
    const policies = needPolicies(evidence, sheet);
    const keyOf = (index: number): string => {
      const lists = listsOf(policies[index]?.value.policy ?? {}, "kms_allowed");
      return JSON.stringify(REGISTERS.map((register) => lists[register].toSorted()));
    };
    for (const [index, { file }] of policies.entries()) {
      const twin = policies.findIndex((_, other) => other < index && keyOf(other) === keyOf(index));
      sheet.expect(twin === -1, `${file} accepts the same KMS measurements as ${String(policies[twin]?.file)}`, file);
    }
  }),
  "M-03": releaseRule(["node"], "node profiles are told apart by RTMR2 and by RTMR3", (evidence, sheet) => {
    const published = needPublished(evidence, sheet)?.value;
    if (published === undefined) return;
    for (const [left, right] of PAIRS) {
      for (const register of ["allowed_rtmr2", "allowed_rtmr3"] as const) {
        const shared = overlap(published.profiles[left][register], published.profiles[right][register]);
        sheet.expect(
          shared === undefined,
          `${left} and ${right} share ${register} ${String(shared)}`,
          ASSET.publishedMrtds,
        );
      }
    }
    const sets = published.measurement_sets ?? [];
    const keys = sets.map((set) => JSON.stringify(REGISTERS.map((register) => set[register])));
    for (const [index, key] of keys.entries()) {
      sheet.expect(
        keys.indexOf(key) === index,
        `the measurement sets ${String(sets[keys.indexOf(key)]?.id)} and ${String(sets[index]?.id)} are equal`,
        ASSET.publishedMrtds,
      );
    }
  }),
  "M-04": releaseRule(["node"], "node profiles are not all the same image", (evidence, sheet) => {
    const published = needPublished(evidence, sheet)?.value;
    if (published === undefined) return;
    const isConstant = (["allowed_rtmr0", "allowed_rtmr2", "allowed_rtmr3"] as const).every(
      (register) =>
        new Set(PROFILES.map((profile) => JSON.stringify(published.profiles[profile][register]))).size === 1,
    );
    sheet.expect(!isConstant, "all profiles have the same RTMR0, RTMR2 and RTMR3", ASSET.publishedMrtds);
  }),
  "M-05": releaseRule(["node"], "RTMR3 follows from role, profile and root hash", (evidence, sheet) => {
    const published = needPublished(evidence, sheet)?.value;
    for (const profile of published === undefined ? [] : PROFILES) {
      const { root_hash: rootHash, allowed_rtmr3: accepted, rtmr3 } = published?.profiles[profile] ?? {};
      if (rootHash === undefined) {
        sheet.fault(`profiles.${profile} names no root_hash`, ASSET.publishedMrtds);
        continue;
      }
      const computed = nodeRtmr3({ role: "node", profile, rootHash });
      const expected = computed.ok ? computed.value.rtmr3 : null;
      const isRight =
        accepted?.every((value) => value === expected) === true && (rtmr3 === undefined || rtmr3 === expected);
      sheet.expect(
        isRight,
        `profiles.${profile}: RTMR3 is not ${String(expected)}, which its root hash gives`,
        ASSET.publishedMrtds,
      );
    }
  }),
  "M-06": releaseRule(["kms", "node"], "no register is all zero, and every RTMR3 names an image", (evidence, sheet) => {
    const columns = [
      ...families(evidence, sheet).map(({ file, name, lists }) => ({ file, name: `${name}_`, lists })),
      ...setsOf(evidence).map(({ file, set }) => ({ file, name: `${set.id}: `, lists: columnsOfSet(set) })),
    ];
    for (const { file, name, lists } of columns) {
      for (const register of REGISTERS) {
        const isEmpty = lists[register].some((value) => /^0+$/.test(value));
        sheet.expect(!isEmpty, `${file}: ${name}${register} accepts a register that nothing was measured into`, file);
      }
      const isOfNoRoot = lists.rtmr3.some((value) => namesNoImage(value) && !/^0+$/.test(value));
      sheet.expect(!isOfNoRoot, `${file}: ${name}rtmr3 accepts a node that found no root hash`, file);
    }
  }),
  "M-07": releaseRule(["kms", "node"], "no measured machine was debuggable", (evidence, sheet) => {
    const seen = [
      ...setsOf(evidence).map(({ file, set }) => ({ file, name: set.id, attributes: set.td_attributes })),
      ...all(evidence, "measurementCandidates").flatMap(({ file, value }) =>
        value.td_attributes === undefined ? [] : [{ file, name: "the candidates", attributes: value.td_attributes }],
      ),
    ];
    for (const { file, name, attributes } of seen) {
      // TD attributes are little-endian; DEBUG is bit 0. Source: Intel TDX Module 1.5 ABI, ATTRIBUTES.
      const isDebug = (Number.parseInt(attributes.slice(0, 2), 16) & 1) === 1;
      sheet.expect(!isDebug, `${file}: ${name} has the DEBUG attribute`, file);
    }
  }),
  "M-08": releaseRule(
    ["kms", "node"],
    "the locked profile accepts only platforms that are up to date",
    (evidence, sheet) => {
      for (const { file, name, profile, lists } of families(evidence, sheet)) {
        if (profile !== "locked-read-only") continue;
        for (const status of lists.tcb_statuses.filter((each) => each !== "UpToDate")) {
          const waiver = evidence.tcbWaivers?.find(
            (each) => each.status === status && each.advisory !== "" && each.expiresAt > (evidence.now ?? Infinity),
          );
          sheet.expect(
            waiver !== undefined,
            `${file}: ${name}_tcb_statuses accepts ${status} without a waiver that is still valid`,
            file,
          );
        }
      }
    },
  ),
  "M-09": releaseRule(["kms", "node"], "lists are the columns of the measurement sets", (evidence, sheet) => {
    const held = evidence.lane === "node" ? needPublished(evidence, sheet) : null;
    if (held !== null && held.value.measurement_sets === undefined)
      sheet.fault(`${held.file} has no measurement_sets`, held.file);
    const own = held?.value.measurement_sets;
    const groups =
      held === null || own === undefined
        ? []
        : PROFILES.map((profile) => ({
            file: held.file,
            name: `profiles.${profile}.allowed`,
            lists: listsOf(held.value.profiles[profile], "allowed"),
            sets: own.filter((set) => set.profile === profile),
          }));
    const inPolicies =
      evidence.lane === "node"
        ? []
        : needPolicies(evidence, sheet).flatMap(({ file, profile, value: { policy } }) =>
            policy.node_measurement_sets === undefined
              ? []
              : [
                  {
                    file,
                    name: "policy.node_allowed",
                    lists: listsOf(policy, "node_allowed"),
                    sets: policy.node_measurement_sets.filter((set) => set.profile === profile),
                  },
                ],
          );
    for (const { file, name, lists, sets } of [...groups, ...inPolicies]) {
      for (const register of REGISTERS) {
        const isEqual = JSON.stringify(columnsOf(sets, register)) === JSON.stringify(lists[register].toSorted());
        sheet.expect(isEqual, `${file}: ${name}_${register} is not the column of its measurement sets`, file);
      }
    }
  }),
  "M-10": releaseRule(["node"], "Google endorses the firmware of every MRTD", (evidence, sheet) => {
    const published = needPublished(evidence, sheet)?.value;
    if (published === undefined) return;
    const { launchEndorsements } = evidence;
    if (launchEndorsements === undefined) {
      sheet.unasked("no launch endorsements were given");
      return;
    }
    for (const mrtd of new Set(PROFILES.flatMap((profile) => published.profiles[profile].allowed_mrtd))) {
      const endorsed = launchEndorsements.get(mrtd);
      if (endorsed === undefined) sheet.fault(`MRTD ${mrtd} has no launch endorsement`, ASSET.publishedMrtds);
      else if ("problem" in endorsed)
        sheet.fault(`the launch endorsement of MRTD ${mrtd} does not hold: ${endorsed.problem}`, ASSET.publishedMrtds);
    }
    for (const { id, mrtd, machine_type: machineType } of published.measurement_sets ?? []) {
      const endorsed = launchEndorsements.get(mrtd);
      if (endorsed === undefined || "problem" in endorsed) continue;
      const memory = machineMemoryGib(machineType);
      const isRight = memory !== null && endorsed.ramGib.includes(memory);
      const sizes = endorsed.ramGib.join(" or ");
      sheet.expect(isRight, `${id}: its MRTD is endorsed for ${sizes} GiB of memory alone`, ASSET.publishedMrtds);
    }
  }),
  "M-11": releaseRule(["node"], "probes saw what the image was predicted to measure", (evidence, sheet) => {
    const published = needPublished(evidence, sheet)?.value;
    if (published === undefined) return;
    for (const profile of PROFILES) {
      const predicted = evidence.predictions?.[profile];
      if (predicted === undefined) {
        sheet.unasked(`no prediction for ${profile} was given`);
        continue;
      }
      for (const register of REGISTERS) {
        const expected = predicted[register];
        const seen = published.profiles[profile][`allowed_${register}`];
        if (expected === undefined || seen.includes(expected)) continue;
        const message = `profiles.${profile}: ${register} was predicted as ${expected}`;
        if (UNCONFIRMED.has(register)) sheet.warn(`${message}, and seen as ${seen.join(", ")}`, ASSET.publishedMrtds);
        else sheet.fault(message, ASSET.publishedMrtds);
      }
    }
  }),
};
