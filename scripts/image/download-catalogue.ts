/** A version as the lock file and `versions.json` have it. Nothing else is one, and "latest" least of all. */
const VERSION = /^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}(?:-rc\.[1-9]\d*)?$/;

/** A download of node images. */
export interface Component {
  readonly name: string;
  /** Member of `versions.json` that has its version. */
  readonly member: "traefikVersion" | "nodeExporterVersion" | "vmagentVersion" | "vectorVersion" | "merodVersion";
  readonly url: (version: string) => string;
  /** The program in the archive, as tar names it. */
  readonly path: (version: string) => string;
  /** Its name in `/usr/local/bin`. */
  readonly to: string;
}

const RELEASES = "releases/download";

function core(name: string): Component {
  const archive = `${name}_x86_64-unknown-linux-gnu.tar.gz`;
  return {
    name,
    member: "merodVersion",
    url: (version) => `https://github.com/calimero-network/core/${RELEASES}/${version}/${archive}`,
    path: () => name,
    to: name,
  };
}

/** What node images take from elsewhere, in the order of the lock file. The three programs of the core release have one version. */
export const COMPONENTS: readonly Component[] = [
  {
    name: "traefik",
    member: "traefikVersion",
    url: (version) =>
      `https://github.com/traefik/traefik/${RELEASES}/v${version}/traefik_v${version}_linux_amd64.tar.gz`,
    path: () => "traefik",
    to: "traefik",
  },
  {
    name: "node_exporter",
    member: "nodeExporterVersion",
    url: (version) =>
      `https://github.com/prometheus/node_exporter/${RELEASES}/v${version}/node_exporter-${version}.linux-amd64.tar.gz`,
    path: (version) => `node_exporter-${version}.linux-amd64/node_exporter`,
    to: "node_exporter",
  },
  {
    name: "vmutils",
    member: "vmagentVersion",
    url: (version) =>
      `https://github.com/VictoriaMetrics/VictoriaMetrics/${RELEASES}/v${version}/vmutils-linux-amd64-v${version}.tar.gz`,
    path: () => "vmagent-prod",
    to: "vmagent",
  },
  {
    name: "vector",
    member: "vectorVersion",
    url: (version) =>
      `https://github.com/vectordotdev/vector/${RELEASES}/v${version}/vector-${version}-x86_64-unknown-linux-gnu.tar.gz`,
    path: () => "./vector-x86_64-unknown-linux-gnu/bin/vector",
    to: "vector",
  },
  core("merod"),
  core("meroctl"),
  core("mero-auth"),
];

/** Whether a text is a version, exactly. */
export function isVersion(text: string): boolean {
  return VERSION.test(text);
}
