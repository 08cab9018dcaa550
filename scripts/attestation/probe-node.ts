import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expectOk, stopLane } from "../release/lane-stop.ts";
import { textAt } from "../release/mero-tee.ts";
import { createMachineClient } from "./machine-client.ts";
import { comparePrediction } from "./prediction.ts";
import { freshNonce, keep, type Probe, verifyProbedQuote, writeCandidates } from "./probe.ts";

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
 * Probes a node VM: it must be up, quote a fresh nonce on a genuine machine, and have recorded the profile and root hash of the
 * image that was built. Leaves candidates, the MRTD record and the provenance of its profile.
 *
 * Source: mero-tee release families, steps N3 and N4.
 */
export async function probeNode(probe: NodeProbe): Promise<string> {
  const { meroTee, fetch, url, profile } = probe;
  const image: unknown = JSON.parse(await readFile(join(probe.images, `image-${profile}.json`), "utf8"));
  const machine = createMachineClient(fetch, url);
  await keep(probe, `health-${profile}.json`, await machine.awaitUp("/admin-api/health", probe.patience));
  const info = await machine.ask("/admin-api/tee/info");
  await keep(probe, `tee-info-${profile}.json`, info);

  const nonce = freshNonce();
  const question = { nonce: nonce.toString("hex") };
  await keep(probe, `tee-attest-request-${profile}.json`, question);
  const said = await machine.ask("/admin-api/tee/attest", question);
  const answer = await keep(probe, `tee-attest-response-${profile}.json`, said);
  // The second half is the hash of an application, and none was asked about.
  const verified = await verifyProbedQuote(probe, answer, Buffer.concat([nonce, Buffer.alloc(32)]));
  const registers = registersOf(verified.quote);

  const rootHash = textAt(image, "root_hash");
  const expected = expectOk(
    await meroTee(["measure", "rtmr3", "--profile", profile, "--root-hash", rootHash, "--role", "node"]),
  ).document;
  if (textAt(expected, "rtmr3") !== registers.rtmr3) {
    const message = `The machine has RTMR3 ${registers.rtmr3}; ${profile} with root hash ${rootHash} gives ${textAt(expected, "rtmr3")}.`;
    stopLane("probe-refused", message, ["M-05"]);
  }
  const facts = { answer, nonce, tcbStatus: verified.tcbStatus };
  const candidates = await writeCandidates(probe, `measurement-policy-candidates-${profile}.json`, facts);
  const quoteDigest = createHash("sha256")
    .update(Buffer.from(textAt(said, "data", "quoteB64"), "base64"))
    .digest("hex");
  const teeInfoMrtd = textAt(info, "data", "mrtd");
  await keep(probe, `mrtd-${profile}.json`, {
    mrtd: registers.mrtd,
    mrtd_source: "parsed_td_quote",
    mrtd_path: "$.data.quoteB64",
    quote_path: "$.data.quoteB64",
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
    provenanceOf(probe, image, nonce, registers.mrtd, quoteDigest),
  );
  return `${verified.tcbStatus}, MRTD ${registers.mrtd.slice(0, 12)}, RTMR3 as predicted, ${comparePrediction(image, registers)}`;
}

function registersOf(quote: unknown) {
  const register = (name: string): string => textAt(quote, name);
  return {
    mrtd: register("mrtd"),
    rtmr0: register("rtmr0"),
    rtmr1: register("rtmr1"),
    rtmr2: register("rtmr2"),
    rtmr3: register("rtmr3"),
  };
}

function provenanceOf(probe: NodeProbe, image: unknown, nonce: Buffer, mrtd: string, quoteSha256: string): object {
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
    external_verification: { status: "performed", mrtd, quote_sha256: quoteSha256 },
  };
}
