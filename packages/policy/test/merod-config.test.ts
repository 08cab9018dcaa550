import { describe, expect, test } from "vitest";

import { type AppraisalPolicy, merodAssignments, merodConfig, parseReleasePolicy } from "../src/index.ts";
import { changedDocument } from "./released-document.ts";

function policyOf(change: Parameters<typeof changedDocument>[0]): AppraisalPolicy {
  const expected = { profile: "locked-read-only", isLegacyFile: true } as const;
  const policy = parseReleasePolicy(changedDocument(change), expected, "kms");
  if (!policy.ok) throw new Error(policy.error.code);
  return policy.value;
}

const SOURCE = {
  tag: "mero-kms-v2.4.0",
  commit: "a".repeat(40),
  policySha256: "b".repeat(64),
  kmsUrl: "https://kms.example.com/",
};

describe("merod's configuration", () => {
  test("has the values of the KMS, never those of nodes", () => {
    const policy = policyOf(() => undefined);
    const toml = merodConfig(policy, SOURCE);
    for (const register of ["mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"] as const) {
      expect(toml).toContain(`\nallowed_${register} = ["${policy[register].join('", "')}"]\n`);
    }
    expect(toml).toContain('\nbinding_b64 = "IyP+rOn9F1GomrK+u4q6FF80OjaI49FlXtQo6wdm45Y="\n');
    expect(toml.split("\n", 1)[0]).toContain("profile locked-read-only");
  });

  test("is the same as a list of assignments", () => {
    const policy = policyOf(() => undefined);
    const lines = merodConfig(policy, SOURCE).split("\n");
    let table = "";
    const expected = lines.flatMap((line) => {
      table = /^\[(?<name>.+)\]$/.exec(line)?.groups?.["name"] ?? table;
      return / = /.test(line) && !line.startsWith("#") ? [`${table}.${line.replace(" = ", "=")}`] : [];
    });
    expect(expected).toHaveLength(10);
    expect(merodAssignments(policy, SOURCE.kmsUrl)).toEqual(expected);
  });

  test("leaves the binding out where the policy names none", () => {
    const policy = policyOf((document) => Object.assign(document, { kms: {} }));
    expect(merodConfig(policy, SOURCE)).not.toContain("binding_b64");
  });

  test("says so where nobody knows the profile", () => {
    expect(merodConfig({ ...policyOf(() => undefined), profile: null }, SOURCE)).toContain("profile unknown");
  });

  test("lets no text leave its string or its comment", () => {
    const hostile = 'x"\n[evil]\nkey = "\u007f\ud800';
    const toml = merodConfig(
      policyOf(() => undefined),
      { ...SOURCE, tag: hostile, kmsUrl: hostile },
    );
    expect(toml.split("\n").filter((line) => line.startsWith("["))).toEqual([
      "[tee.kms.phala]",
      "[tee.kms.phala.attestation]",
    ]);
    expect(toml).toContain(String.raw`url = "x\"\n[evil]\nkey = \"\u007F` + '\ufffd"');
    expect(toml).toMatch(/^# mero-tee release x"\?\[evil\]\?key = "\?\? \(/);
  });
});
