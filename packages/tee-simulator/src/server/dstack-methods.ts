import { toHex } from "@mero-tee/tdx-quote/hex";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import type { SimulatedGuest } from "../simulated-guest.ts";
import { describeGuest, vmConfig } from "./dstack-info.ts";
import { deriveKey, issueAppKeys, type KeyAlgorithm } from "./dstack-keys.ts";
import { createTlsIssuer } from "./dstack-tls.ts";
import { type Fields, flagField, hexField, quoted, reportDataField, textField, textListField } from "./json-fields.ts";

/** The methods of the guest agent that the simulator serves. */
export const DSTACK_METHODS = ["GetKey", "GetQuote", "EmitEvent", "Info", "GetTlsKey", "Version"] as const;

/** One of {@link DSTACK_METHODS}. */
export type DstackMethod = (typeof DSTACK_METHODS)[number];

/** One method: the answer as plain JSON data, or the text of the refusal. */
export type MethodAnswer = (fields: Fields) => Result<unknown, string> | Promise<Result<unknown, string>>;

/** The switches that methods look at while they answer. */
export interface MethodSwitches {
  readonly hasEmitEvent: boolean;
  readonly answersWrongReportData: boolean;
}

/**
 * The methods of one guest. Absent parameters have their protobuf default, unknown ones are ignored.
 *
 * @param now - the clock, Unix seconds
 * Source: dstack guest agent RPC, `DstackGuest` service.
 */
export function createDstackMethods(
  guest: SimulatedGuest,
  now: () => number,
  switches: MethodSwitches,
): Record<DstackMethod, MethodAnswer> {
  const appKeys = issueAppKeys(guest.appKey, guest.application.appId);
  const tls = createTlsIssuer(guest.appKey);

  return {
    GetKey(fields) {
      const request = readKeyRequest(fields);
      if (!request.ok) return request;
      const { key, signatureChain } = deriveKey(appKeys, request.value);
      return ok({ key: toHex(key), signature_chain: signatureChain.map(toHex) });
    },

    async GetQuote(fields) {
      const asked = reportDataField(fields, "report_data");
      if (!asked.ok) return asked;
      const reportData = asked.value ?? new Uint8Array(64);
      const attested = switches.answersWrongReportData ? reportData.map((byte) => byte ^ 0xff) : reportData;
      const { quote, eventLog } = await guest.quote(attested);
      return ok({
        quote: toHex(quote),
        event_log: eventLog,
        report_data: toHex(reportData),
        vm_config: vmConfig(guest.application),
      });
    },

    EmitEvent(fields) {
      const event = textField(fields, "event");
      if (!event.ok) return event;
      const payload = hexField(fields, "payload");
      if (!payload.ok) return payload;
      if (event.value === null || event.value === "") return err("event is empty");
      guest.extend(event.value, payload.value ?? new Uint8Array(0));
      return ok(null);
    },

    Info: () => ok(describeGuest(guest, tls.appCertificatePem(now()))),

    GetTlsKey(fields) {
      const subject = textField(fields, "subject");
      if (!subject.ok) return subject;
      const altNames = textListField(fields, "alt_names");
      if (!altNames.ok) return altNames;
      const [raTls, server, client] = ["usage_ra_tls", "usage_server_auth", "usage_client_auth"].map((name) =>
        flagField(fields, name),
      );
      if (raTls?.ok !== true || server?.ok !== true || client?.ok !== true) return err("usages are true or false");
      if (raTls.value) return err("usage_ra_tls is not simulated");
      return tls.issue({
        subject: subject.value ?? "",
        altNames: altNames.value,
        serverAuth: server.value,
        clientAuth: client.value,
        notBefore: now(),
      });
    },

    Version: () => ok({ version: switches.hasEmitEvent ? "0.5.7" : "0.6.0", rev: "simulated" }),
  };
}

function readKeyRequest(fields: Fields): Result<{ path: string; purpose: string; algorithm: KeyAlgorithm }, string> {
  const path = textField(fields, "path");
  if (!path.ok) return path;
  const purpose = textField(fields, "purpose");
  if (!purpose.ok) return purpose;
  const algorithm = textField(fields, "algorithm");
  if (!algorithm.ok) return algorithm;
  const name = algorithm.value ?? "";
  if (!isKeyAlgorithm(name)) return err(`Unsupported algorithm: ${quoted(name)}`);
  return ok({ path: path.value ?? "", purpose: purpose.value ?? "", algorithm: name });
}

function isKeyAlgorithm(name: string): name is KeyAlgorithm {
  return name === "" || name === "secp256k1" || name === "k256" || name === "ed25519";
}
