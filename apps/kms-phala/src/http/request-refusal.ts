import type { RequestError } from "@mero-tee/kms-protocol";
import { refuse, type Refusal } from "../refusal.ts";

/** The refusal of a body that its message's parser refused, with a sentence that names the field at fault. */
export function refuseRequest(error: RequestError): { readonly ok: false; readonly error: Refusal } {
  if (error.code === "request-not-json") return refuse(error.code, "the body is not JSON");
  return refuse(error.code, `${error.field ?? "the body"}: ${error.problem}`);
}
