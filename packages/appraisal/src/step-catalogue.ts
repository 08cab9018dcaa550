import type { StepId } from "./step.ts";

/** What is the same about a step in every appraisal. */
export interface StepDescription {
  readonly title: string;
  /** What an attacker could do if this were not checked. */
  readonly why?: string;
  /** Steps that must have been `pass` or `warn`; otherwise this one is a `skip` that compares nothing. */
  readonly dependsOn: readonly StepId[];
}

/** What is said about each step, and what it rests on. */
export const STEP_CATALOGUE: Readonly<Record<StepId, StepDescription>> = {
  "input.parse": {
    title: "Input recognised",
    why: "Whoever chooses what is read also chooses what is judged: a second quote hidden in the same file could be the one that is shown.",
    dependsOn: [],
  },
  "quote.parse": {
    title: "TDX quote is well formed",
    why: "Readers that disagree about where a field begins can be shown different machines.",
    dependsOn: ["input.parse"],
  },
  "src.side-fields": {
    title: "Surrounding JSON agrees with the quote",
    why: "Values beside a quote are signed by nobody; a sender who describes its quote wrongly wants somebody to believe the description.",
    dependsOn: ["quote.parse"],
  },
  "fresh.nonce": {
    title: "Fresh answer to our challenge",
    why: "A quote that a real machine once made could be played back for ever, from a machine that is long gone.",
    dependsOn: ["quote.parse"],
  },
  "fresh.binding": {
    title: "Second half of report data",
    why: "A quote that was made for another purpose could be passed off as this one.",
    dependsOn: ["quote.parse"],
  },
  "dcap.chain": {
    title: "Made by an Intel-provisioned CPU",
    why: "Anybody can sign anything with a key of their own.",
    dependsOn: ["quote.parse"],
  },
  "dcap.crl": {
    title: "Not revoked",
    why: "Keys of a machine that was broken into stay usable until somebody looks at the revocation lists.",
    dependsOn: ["dcap.chain"],
  },
  "dcap.qe": {
    title: "Quoting enclave is Intel's",
    why: "Another enclave on the same machine could sign a quote that no trust domain asked for.",
    dependsOn: ["dcap.chain"],
  },
  "dcap.sig": {
    title: "Quote signature",
    why: "Every value of the quote could have been changed on the way.",
    dependsOn: ["dcap.qe"],
  },
  "dcap.collateral": {
    title: "Intel's reference data is authentic and current",
    why: "With old reference data a machine passes that has been known to be vulnerable since.",
    dependsOn: ["quote.parse"],
  },
  "tcb.status": {
    title: "Security patch level",
    why: "A machine without the latest microcode and firmware may leak what its trust domains hold.",
    dependsOn: ["dcap.sig", "dcap.collateral"],
  },
  "tcb.advisories": {
    title: "Known advisories",
    dependsOn: ["dcap.sig", "dcap.collateral"],
  },
  "tcb.baseline": {
    title: "Which ruler was used",
    dependsOn: ["dcap.sig", "dcap.collateral"],
  },
  "td.attributes": {
    title: "Not debuggable",
    why: "The host can read and change the memory of a trust domain in debug mode.",
    dependsOn: ["quote.parse"],
  },
  "td.module": {
    title: "TDX module is Intel's",
    why: "The module is what keeps the host out; another one could let it in, and a service domain could move the machine elsewhere.",
    dependsOn: ["dcap.sig", "dcap.collateral"],
  },
  "log.parse": {
    title: "Event log readable",
    why: "A log that readers understand differently proves different things to each.",
    dependsOn: ["input.parse"],
  },
  "log.rtmr0": {
    title: "Register 0 rebuilt from the log",
    why: "A log that does not lead to the register in the quote is a story, not a record.",
    dependsOn: ["quote.parse", "log.parse"],
  },
  "log.rtmr1": {
    title: "Register 1 rebuilt from the log",
    why: "A log that does not lead to the register in the quote is a story, not a record.",
    dependsOn: ["quote.parse", "log.parse"],
  },
  "log.rtmr2": {
    title: "Register 2 rebuilt from the log",
    why: "A log that does not lead to the register in the quote is a story, not a record.",
    dependsOn: ["quote.parse", "log.parse"],
  },
  "log.rtmr3": {
    title: "Register 3 rebuilt from the log",
    why: "Compose hash and key provider are events of this register: unless it can be rebuilt, anybody can write them.",
    dependsOn: ["quote.parse", "log.parse"],
  },
  "app.compose-hash": {
    title: "Deployed composition",
    why: "A running application can add events of its own, also a second compose hash with a more pleasing value.",
    dependsOn: ["log.rtmr3"],
  },
  "app.mrconfigid": {
    title: "Hardware-carried copy",
    why: "The register is set before anything runs; a log that contradicts it was made up later.",
    dependsOn: ["app.compose-hash"],
  },
  "app.key-provider": {
    title: "Where keys come from",
    why: "The right composition under somebody else's key service is the right software, whose every key that person knows.",
    dependsOn: ["log.rtmr3"],
  },
  "rel.select": {
    title: "Release chosen",
    why: "Whoever picks the release to compare with could pick an old one with a known hole.",
    dependsOn: ["quote.parse"],
  },
  "rel.sigstore": {
    title: "Release data signed by the project",
    why: "Reference values that nobody signed can be made to fit any machine.",
    dependsOn: ["rel.select"],
  },
  "rel.measurements": {
    title: "Registers match the release",
    why: "The machine may be a real one, and run something else.",
    dependsOn: ["quote.parse", "rel.sigstore"],
  },
  "rel.profile": {
    title: "Which image profile",
    why: "A debug image is signed like any other, and open to whoever operates it.",
    dependsOn: ["rel.measurements"],
  },
  "rel.compat": {
    title: "KMS and node belong together",
    why: "Documents of different releases can be mixed into a combination that nobody ever tested.",
    dependsOn: ["rel.sigstore"],
  },
  "ita.token": {
    title: "Intel Trust Authority answered",
    dependsOn: [],
  },
  "ita.claims": {
    title: "Second opinion agrees",
    dependsOn: ["quote.parse"],
  },
  "env.clock": {
    title: "Device clock plausible",
    why: "Expired reference data looks current to a clock that is set back.",
    dependsOn: [],
  },
  "chan.binding": {
    title: "Does this prove the connection?",
    dependsOn: [],
  },
  verdict: {
    title: "Overall",
    dependsOn: [],
  },
};
