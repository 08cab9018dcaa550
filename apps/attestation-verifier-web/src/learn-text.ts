/** The page that explains; in a file of its own because only its readers load it. */
export const LEARN = {
  title: "What is proven, and how",
  limits: "What is not proven",
  sections: [
    {
      title: "The question",
      paragraphs: [
        "A Calimero node keeps its data encrypted, and a key management service (KMS) gives it the key. Both say that they run inside machines whose owners cannot look into them. This page lets you check that instead of believing it.",
        "It asks the machine for a quote: a statement about what was started in it, signed by a key that only an Intel processor can have. Then your browser compares the quote with what the project published and signed.",
      ],
    },
    {
      title: "The chain of reasons",
      paragraphs: [
        "Fresh: your browser makes a random number, and the quote must contain it. An answer that was recorded earlier does not.",
        "Genuine: the quote's signature leads, certificate by certificate, to Intel's root, which is compiled into this page. Nothing on the way is revoked, and Intel's signed data says how current the machine's patches are.",
        "Known: the registers in the quote equal the values that a release of this project names. Those values are signed by the project's release workflow, and the signature is in a public log.",
        "Explained: where there is an event log, replaying it gives the same registers, so that what it says of the deployment can be believed.",
      ],
    },
    {
      title: "The five answers",
      paragraphs: [
        "Verified: every required check holds. Genuine, with reservations: everything holds, and there is something that you must know, such as a debug image or a patch that is due. Not enough to decide: nothing is wrong, but something required was not looked at. Do not trust: something does not hold. Simulated: the evidence comes from a simulated platform and proves nothing.",
        "What was not checked never counts as good. Optional checks, such as the second opinion of Intel Trust Authority, can make the answer worse and never better.",
      ],
    },
    {
      title: "Who is trusted for what",
      paragraphs: [
        "This site's API fetches what a browser cannot fetch. It cannot make a wrong answer look right, because your browser checks everything that it brings; it can only fail to bring it.",
        "The server that sent you this page is another matter: it sent the code that checks. “In this browser” means: if this site served the released code. Neither a manifest nor a checksum on the same site changes that. If you do not want to depend on it, download the single file, compare its digest with the signed release, and open it from your disk; or use the command line, mero-tee verify.",
      ],
    },
  ],
} as const;
