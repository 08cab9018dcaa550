import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expectOk, stopLane } from "../release/lane-stop.ts";
import { textAt } from "../release/mero-tee.ts";
import { keepLaunchEndorsement } from "./launch-endorsement.ts";
import { observeNode } from "./observe-node.ts";
import { comparePrediction } from "./prediction.ts";
import { keep, type Probe } from "./probe.ts";

/** A probe of a node VM. */
export interface NodeProbe extends Probe {
  /** Directory with `image-PROFILE.json`, as the image build left it. */
  readonly images: string;
  readonly version: string;
  readonly commit: string;
  readonly runId: string;
  readonly runAttempt: string;
  /** The VM. */
  readonly instance: { readonly name: string; readonly project: string; readonly zone: string };
}

/**
 * Probes a node VM: it must hold as {@link observeNode} says, and have recorded the profile and root hash of the image that was
 * built. Leaves candidates, the MRTD record, Google's endorsement of the firmware and the provenance of its profile.
 *
 * Source: docs/releases.md.
 */
export async function probeNode(probe: NodeProbe): Promise<string> {
  const { meroTee, profile } = probe;
  const image: unknown = JSON.parse(await readFile(join(probe.images, `image-${profile}.json`), "utf8"));
  const { nonce, tcbStatus, registers, quoteB64, teeInfoMrtd, opinion, candidates } = await observeNode(probe);

  const rootHash = textAt(image, "root_hash");
  const expected = expectOk(
    await meroTee(["measure", "rtmr3", "--profile", profile, "--root-hash", rootHash, "--role", "node"]),
  ).document;
  if (textAt(expected, "rtmr3") !== registers.rtmr3) {
    const message = `The machine has RTMR3 ${registers.rtmr3}; ${profile} with root hash ${rootHash} gives ${textAt(expected, "rtmr3")}.`;
    stopLane("probe-refused", message, ["M-05"]);
  }
  await keepLaunchEndorsement(probe, registers.mrtd);
  const quoteDigest = createHash("sha256").update(Buffer.from(quoteB64, "base64")).digest("hex");
  await keep(probe, `mrtd-${profile}.json`, {
    mrtd: registers.mrtd,
    ...(opinion === null
      ? { mrtd_source: "parsed_td_quote", mrtd_path: "$.data.quoteB64" }
      : { mrtd_source: "ita_and_quote", mrtd_path: "$.tdx.tdx_mrtd" }),
    quote_path: "$.data.quoteB64",
    ...(opinion === null ? {} : { token_path: "$.token", ita_url: opinion.url, ita_request_kind: "v2_tdx" }),
    timestamp_utc: textAt(candidates, "generated_at_utc"),
    ...(teeInfoMrtd === "" ? {} : { tee_info_mrtd: teeInfoMrtd, tee_info_mrtd_path: "$.data.mrtd" }),
    rtmr0: registers.rtmr0,
    rtmr1: registers.rtmr1,
    rtmr2: registers.rtmr2,
    rtmr3: registers.rtmr3,
  });
  await keep(
    probe,
    `profile-provenance-${profile}.json`,
    provenanceOf(probe, image, nonce, {
      status: "performed",
      mrtd: registers.mrtd,
      quote_sha256: quoteDigest,
      ...(opinion === null ? {} : { ita_token_sha256: opinion.tokenSha256 }),
    }),
  );
  const confirmed = opinion === null ? "" : " (Intel Trust Authority agrees)";
  return `${tcbStatus}, MRTD ${registers.mrtd.slice(0, 12)}${confirmed}, RTMR3 as predicted, ${comparePrediction(image, registers)}`;
}

function provenanceOf(probe: NodeProbe, image: unknown, nonce: Buffer, verification: object): object {
  const name = textAt(image, "name");
  return {
    profile: probe.profile,
    tag: probe.version,
    commit_sha: probe.commit,
    workflow_run_id: probe.runId,
    workflow_run_attempt: probe.runAttempt,
    image: {
      name,
      project: textAt(image, "project"),
      family: textAt(image, "family"),
      self_link: textAt(image, "self_link"),
      disk_sha256: textAt(image, "disk_sha256"),
    },
    attestation_context: {
      base_url: probe.url,
      nonce: nonce.toString("hex"),
      instance: probe.instance.name,
      image: name,
      project: probe.instance.project,
      zone: probe.instance.zone,
      machine_type: probe.machineType,
    },
    external_verification: verification,
  };
}
