/** Named bits of TD attributes. Source: Intel TDX Module base specification, "TD attributes". */
export const TD_ATTRIBUTE_BITS = [
  [0, "DEBUG"],
  [28, "SEPT_VE_DISABLE"],
  [29, "MIGRATABLE"],
  [30, "PKS"],
  [31, "KL"],
  [63, "PERFMON"],
] as const;
