import type { Profile } from "@mero-tee/policy";
import type { TcbStatus } from "@mero-tee/tdx-quote";

import type { EvidenceFile } from "./read-evidence-file.ts";
import type { AttesterKind } from "./request.ts";

/** What whoever opens an evidence file knows and demands by themselves; null: the file's word about it stands. */
export interface ReaderDemands {
  readonly kind: AttesterKind | null;
  readonly tag: string | null;
  readonly profile: Profile | null;
  /** 32 bytes. */
  readonly binding: Uint8Array<ArrayBuffer> | null;
  /** Of a node: the hash of the application's bytecode that it was to bind, 32 bytes. */
  readonly applicationHash: Uint8Array<ArrayBuffer> | null;
  readonly tcbStatuses: readonly TcbStatus[] | null;
  /** The challenge that was sent, 32 bytes, as the reader knows it. */
  readonly nonce: Uint8Array<ArrayBuffer> | null;
}

/**
 * Puts what the reader demands in the place of what a file says was demanded: whoever made the file must not choose the
 * release, profile, binding or application for somebody who asked for another.
 */
export function withDemands(file: EvidenceFile, demands: ReaderDemands): EvidenceFile {
  const { request } = file;
  const { nonce } = demands;
  return {
    ...file,
    request: {
      ...request,
      kind: demands.kind ?? request.kind,
      tag: demands.tag ?? request.tag,
      profile: demands.profile ?? request.profile,
      binding: demands.binding ?? request.binding,
      applicationHash: demands.applicationHash ?? request.applicationHash,
      tcbStatuses: demands.tcbStatuses ?? request.tcbStatuses,
      challenge: nonce === null ? request.challenge : { nonce, source: "user", roundTripMs: null },
    },
  };
}
