/** The page about this build; in a file of its own because only its readers load it. */
export const ABOUT = {
  title: "About this verifier",
  build: "This build",
  version: "Version",
  flavour: "Kind",
  flavours: {
    site: "The site. Trusts Intel's root and the project's release signatures.",
    sim: "For a simulated platform. Trusts that platform's own root; its results prove nothing.",
    single: "The single file. Uses no network at all.",
  },
  commit: "Commit",
  committedAt: "Time of that commit",
  anchors: "What is trusted in advance",
  anchorsHint: "Compiled into this build. Nothing that is fetched can add to it.",
  intelRoot: "Intel SGX Root CA, SHA-256 of the certificate",
  sigstore: "Sigstore's trusted root, as of",
  signer: "Workflow that signs releases of the family",
  ita: "Roots of Intel Trust Authority's token signers",
  itaUnpinned:
    "None compiled in: its keys come through this site's API, so its opinion is information only. A disagreement still counts.",
  newest: "Newest releases at the time of that commit",
  noNewest: "None: nothing had been released. Whatever is older than one named here would be a reservation.",
  single: "The single file",
  singleHint:
    "The same checks in one HTML file that forbids itself any network. It is an asset of the signed release: compare its digest with that of the release, not with one that this site shows.",
  singleLink: "Download verifier-offline.html",
  files: "Files of this site",
  filesHint:
    "This list helps to find mistakes of a deployment. It says nothing about a dishonest server, because the same server sends it.",
  show: "Show",
  licence: "Licence",
  licenceText: "MIT or Apache-2.0, at your choice.",
} as const;
