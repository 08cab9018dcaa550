/**
 * An attestation policy as releases publish it, of profile `debug`, whose node values are those given, RTMR3 excepted: the
 * real quotes have an empty one, which no policy may list. The KMS values are others.
 */
export function policyButForRtmr3(values: Readonly<Record<string, string | number>>, rtmr3: string): string {
  const registers = ["mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"];
  const family = (prefix: string, valueOf: (name: string) => string): Record<string, readonly string[]> => ({
    [`${prefix}tcb_statuses`]: ["UpToDate"],
    ...Object.fromEntries(registers.map((name) => [`${prefix}${name}`, [valueOf(name)]])),
  });
  return JSON.stringify({
    schema_version: 1,
    role: "kms",
    profile: "debug",
    status: "ready",
    tag: "2.4.0",
    policy: {
      ...family("node_allowed_", (name) => (name === "rtmr3" ? rtmr3 : String(values[name]))),
      ...family("kms_allowed_", () => "cd".repeat(48)),
    },
  });
}
