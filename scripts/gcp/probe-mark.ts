/**
 * What tells the machines and firewall rules of probes from others of a project: a label of a machine, and the description of a rule,
 * which has no labels.
 */
export const PROBE_MARK = "mero-tee-probe";
