import { KMS_ERROR_CODES, type KmsErrorCode } from "@mero-tee/kms-protocol";
import type { AuditEvent, AuditHead } from "@mero-tee/kms-protocol/audit";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import type { Schedule } from "../policy/policy-holder.ts";
import type { AuditFile, AuditWriteError } from "./audit-file-store.ts";

/** A release and a refusal as they are recorded. */
type ReleaseEvent = Extract<AuditEvent, { kind: "release" }>;
type RefusalEvent = Extract<AuditEvent, { kind: "refusal" }>;

/** What the service writes down of its decisions. */
export interface AuditTrail {
  /** Records a release; the key must not leave before this has succeeded. Null: there is no audit file. */
  released(event: () => ReleaseEvent): Promise<Result<AuditHead | null, AuditWriteError>>;
  /** Records or counts a refusal; nobody waits for it. */
  refused(code: KmsErrorCode, event: () => RefusalEvent): void;
}

/** The trail of a service without an audit file. */
export const NO_AUDIT: AuditTrail = {
  released: () => Promise.resolve(ok(null)),
  refused: () => undefined,
};

// Refusals of machines that proved what they are. Everything else can be had for the asking, and is counted.
const RECORDED: ReadonlySet<KmsErrorCode> = new Set(["tcb-status-refused", "measurements-refused"]);
// Even these are made by strangers with a TDX machine, and a full disk would stop releases.
const MAX_RECORDED_REFUSALS = 60;
const WINDOW_MS = 60_000;

/** Settings of {@link createAuditTrail}. */
export interface AuditTrailOptions {
  readonly file: AuditFile;
  readonly schedule: Schedule;
  /** Wall clock, Unix seconds. */
  readonly now: () => number;
  /** Told about each record that could not be written. */
  readonly onFailure: (kind: AuditEvent["kind"], reason: string) => void;
}

/** A trail that has to be stopped. */
export interface RunningAuditTrail extends AuditTrail {
  /** Records a start or a policy. */
  note(event: Extract<AuditEvent, { kind: "start" | "policy" }>): Promise<Result<AuditHead, AuditWriteError>>;
  /** Writes what was counted and closes the file. */
  stop(): Promise<void>;
}

/**
 * Makes the trail of a service. What strangers can cause costs one record a minute at most, and 60 more for refusals of
 * genuine machines, so that nobody fills the disk with requests.
 */
export function createAuditTrail({ file, schedule, now, onFailure }: AuditTrailOptions): RunningAuditTrail {
  const counts = new Map<KmsErrorCode, number>();
  let since = 0;
  let recorded = 0;
  let cancel = schedule(turn, WINDOW_MS);

  const count = (code: KmsErrorCode, by: number): void => {
    if (counts.size === 0) since = now();
    counts.set(code, (counts.get(code) ?? 0) + by);
  };
  const append = async (event: AuditEvent): Promise<Result<AuditHead, AuditWriteError>> => {
    const written = await file.append(event);
    if (!written.ok) onFailure(event.kind, written.error.reason);
    return written;
  };
  const flush = async (): Promise<void> => {
    const refused = KMS_ERROR_CODES.flatMap((code) => {
      const counted = counts.get(code);
      return counted === undefined ? [] : [{ code, count: counted }];
    });
    const started = since;
    counts.clear();
    recorded = 0;
    if (refused.length === 0) return;
    const written = await append({ kind: "counts", since: started, refused });
    if (written.ok) return;
    for (const { code, count: counted } of refused) count(code, counted);
    since = started;
  };
  function turn(): void {
    void flush();
    cancel = schedule(turn, WINDOW_MS);
  }
  return {
    note: append,
    released: (event) => append(event()),
    refused(code, event) {
      if (!RECORDED.has(code) || recorded >= MAX_RECORDED_REFUSALS) return count(code, 1);
      recorded += 1;
      void append(event()).then((written) => (written.ok ? undefined : count(code, 1)));
      return undefined;
    },
    async stop() {
      cancel();
      await flush();
      await file.close();
    },
  };
}
