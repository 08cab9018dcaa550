/** One word of the field, explained in one breath (at most 160 characters). */
export interface Term {
  readonly id: string;
  readonly name: string;
  readonly meaning: string;
}

const term = (name: string, meaning: string): Term => ({
  id: name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-"),
  name,
  meaning,
});

/** The words that the page explains, in the order of the glossary. */
export const GLOSSARY: readonly Term[] = [
  term(
    "Attestation",
    "A machine's signed statement about what it is and what it runs, made so that a stranger can check it.",
  ),
  term(
    "Attestation policy",
    "The signed list of register values and patch levels that a release accepts. Evidence is judged against it.",
  ),
  term(
    "Challenge",
    "A random number sent with the question. The answer has to contain it, so a recorded answer does not fit.",
  ),
  term("Nonce", "A number used once. Here: the 32 random bytes of the challenge, made by this browser."),
  term(
    "Report data",
    "64 bytes that the software in the machine chooses and the quote signs. A KMS puts nonce ‖ binding there, not a hash of both.",
  ),
  term(
    "Quote",
    "What a TDX machine shows to the world: its registers and report data, signed by a key that leads to Intel's root.",
  ),
  term(
    "TDX",
    "Intel Trust Domain Extensions: virtual machines whose memory the host cannot read, and that can prove what they are.",
  ),
  term("Trust domain", "A virtual machine protected by TDX. Short: TD."),
  term(
    "TEE",
    "Trusted execution environment: a part of a computer that its owner cannot look into. TDX makes one of a virtual machine.",
  ),
  term("CVM", "Confidential virtual machine: a virtual machine inside a TEE."),
  term("TDVF", "The firmware that a trust domain starts with. MRTD is, in practice, its fingerprint."),
  term(
    "MRTD",
    "Fingerprint of the machine's initial contents, in practice the firmware. Not of the whole image: profiles share it.",
  ),
  term(
    "RTMR",
    "A register that software can only extend, never set. Its value depends on everything measured into it, in order.",
  ),
  term("RTMR0", "Register for the firmware's configuration and the virtual hardware."),
  term("RTMR1", "Register for what the firmware starts: boot loader and kernel."),
  term("RTMR2", 'Register for kernel command line and boot chain. On a node it is not "the merod binary" as such.'),
  term(
    "RTMR3",
    "Register for what the running system measures. It tells profiles apart, and on a KMS it carries the compose hash.",
  ),
  term(
    "Event log",
    "The list of what was measured into the RTMRs. A claim, until replaying it gives the registers that the quote signs.",
  ),
  term(
    "Compose hash",
    "Fingerprint of the deployed composition, carried by an event in RTMR3. It is not part of the report data.",
  ),
  term("Profile", "What an image lets its operator do. There are three; RTMR3 (and RTMR2) tell them apart."),
  term("locked-read-only", "The production profile: the operator cannot log in and cannot change the system."),
  term("debug-read-only", "The system cannot be changed, but the operator can log in and look inside."),
  term("debug", "The operator can log in and change anything. Fit for development, never for secrets."),
  term(
    "Cohort separation",
    "Machines of different profiles get different keys, so a debug machine cannot read what a locked one stored.",
  ),
  term(
    "TCB",
    "Trusted computing base: firmware, TDX module and Intel's enclaves, everything that has to work for the promise to hold.",
  ),
  term("TCB status", "Intel's word on the patch level of a machine, such as UpToDate or OutOfDate."),
  term(
    "Advisory",
    "Intel's public notice of a weakness. A machine whose patches are older than the fix is named in it.",
  ),
  term(
    "Collateral",
    "Signed data from Intel that a quote is checked with: patch levels, enclave identity, revocation lists, certificates.",
  ),
  term("PCK certificate", "The certificate of one processor's signing key, issued by Intel."),
  term("Quoting enclave", "Intel's own program, inside the processor, that signs quotes."),
  term(
    "Intel Trust Authority",
    "Intel's online service that judges quotes. Here it is a second opinion, never the only one.",
  ),
  term("KMS", "Key management service: gives a node its storage key after judging the node's quote."),
  term("merod", "The node software of Calimero."),
  term("Node image", "The disk image that a node boots from, published as a signed release."),
  term("dstack", "The platform that the KMS runs on. It starts a composition inside a trust domain and measures it."),
  term("Compatibility map", "The signed table of which KMS release belongs to which node release."),
  term("Published MRTDs", "The signed list of register values of a node release, for each profile."),
  term(
    "Sigstore",
    "Public signing service: a short-lived certificate names the workflow that signed, and a public log keeps the fact.",
  ),
  term(
    "Transparency log",
    "A public list that can only grow. A signature that is in it cannot be denied or backdated.",
  ),
  term("Peer id", "The name of a node, derived from its public key."),
  term(
    "Key derivation",
    "Making a key from another key and a label. The same machine identity always gets the same key.",
  ),
  term("Mutual attestation", "The node judges the KMS before asking, and the KMS judges the node before answering."),
];

/** A term by its id; null for one that the glossary does not have. */
export function findTerm(id: string): Term | null {
  return GLOSSARY.find((entry) => entry.id === id) ?? null;
}
