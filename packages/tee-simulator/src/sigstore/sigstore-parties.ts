import type { KeyRing } from "../key-ring.ts";
import {
  authorityExtensions,
  type Authority,
  createAuthority,
  extendedKeyUsage,
  PURPOSES,
  SIGNS,
} from "./authority.ts";
import { signingKey, type SigningKey } from "./signing-key.ts";
import { createLog, type SimulatedLog } from "./transparency-log.ts";

/** The parties of a simulated Sigstore, for those who change what they do. */
export interface SigstoreParties {
  readonly root: Authority;
  readonly intermediate: Authority;
  /** Issues nothing any more: its time in the trusted root has ended. */
  readonly retired: Authority;
  /** Stands in no trusted root. */
  readonly stranger: Authority;
  readonly timestampRoot: Authority;
  readonly timestampSigner: Authority;
  readonly strangerTimestampSigner: Authority;
  readonly certificateLog: SigningKey;
  readonly retiredCertificateLog: SigningKey;
  readonly logs: Readonly<Record<1 | 2, SimulatedLog>>;
  readonly strangerLog: SimulatedLog;
  readonly otherKey: SigningKey;
}

/** Makes the parties; the same ring always gives the same ones. */
export function createParties(ring: KeyRing, now: number): SigstoreParties {
  const root = createAuthority(ring, "simulated sigstore", { now, extensions: authorityExtensions() });
  const below = { now, issuer: root };
  const timestampRoot = createAuthority(ring, "simulated tsa root", { now, extensions: authorityExtensions(0) });
  const strangerRoot = createAuthority(ring, "stranger", { now, extensions: authorityExtensions() });
  const stamps = [SIGNS, extendedKeyUsage(PURPOSES.timeStamping, true)];
  return {
    root,
    intermediate: createAuthority(ring, "simulated sigstore-intermediate", {
      ...below,
      extensions: authorityExtensions(0, PURPOSES.codeSigning),
    }),
    retired: createAuthority(ring, "retired sigstore", { now, extensions: authorityExtensions() }),
    stranger: strangerRoot,
    timestampRoot,
    timestampSigner: createAuthority(ring, "simulated tsa", { now, issuer: timestampRoot, extensions: stamps }),
    strangerTimestampSigner: createAuthority(ring, "stranger tsa", { now, issuer: strangerRoot, extensions: stamps }),
    certificateLog: signingKey(ring, "certificate log"),
    retiredCertificateLog: signingKey(ring, "retired certificate log"),
    logs: {
      1: createLog(1, "rekor.sigstore.simulated", signingKey(ring, "rekor")),
      2: createLog(2, "log1.rekor.sigstore.simulated", signingKey(ring, "rekor tiles", "Ed25519")),
    },
    strangerLog: createLog(1, "rekor.stranger.simulated", signingKey(ring, "stranger rekor")),
    otherKey: signingKey(ring, "other"),
  };
}
