import { sha256 } from "@noble/hashes/sha2.js";
import { parseHex, toHex } from "@mero-tee/tdx-quote/hex";

import { concatBytes } from "../byte-writer.ts";
import type { DstackApplication, Measurements } from "../measured-boot.ts";
import type { SimulatedGuest } from "../simulated-guest.ts";

/**
 * The answer of `Info`: what the agent says of its guest, none of it authenticated.
 *
 * @param appCertificatePem - the certificate of the application's TLS authority
 * Source: dstack guest agent, `Info`.
 */
export function describeGuest(guest: SimulatedGuest, appCertificatePem: string): Record<string, string> {
  const { application } = guest;
  const registers = guest.registers();
  const common = {
    mr_aggregated: aggregate(registers),
    os_image_hash: toHex(application.osImageHash),
    compose_hash: toHex(application.composeHash),
    device_id: toHex(application.deviceId),
  };
  return {
    ...common,
    app_id: toHex(application.appId),
    instance_id: toHex(application.instanceId),
    app_name: "mero-kms-simulated",
    app_cert: appCertificatePem,
    key_provider_info: application.keyProvider,
    vm_config: vmConfig(application),
    cloud_vendor: "simulated",
    cloud_product: "simulated TDX machine",
    tcb_info: JSON.stringify({
      ...registers,
      ...common,
      app_compose: application.appCompose,
      event_log: JSON.parse(guest.eventLog()),
    }),
  };
}

/** The machine that a verifier would measure again: JSON text, as dstack's host writes it. */
export function vmConfig(application: DstackApplication): string {
  return JSON.stringify({
    spec_version: 1,
    os_image_hash: toHex(application.osImageHash),
    cpu_count: 2,
    memory_size: 2_147_483_648,
    image: "simulated",
  });
}

/** SHA-256 over the five registers in order. Source: dstack, `mr_aggregated`. */
function aggregate({ mrtd, rtmr0, rtmr1, rtmr2, rtmr3 }: Measurements): string {
  const registers = [mrtd, rtmr0, rtmr1, rtmr2, rtmr3].map((hex) => parseHex(hex, 48) ?? new Uint8Array(48));
  return toHex(sha256(concatBytes(...registers)));
}
