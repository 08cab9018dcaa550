import { createServer, type Server } from "node:https";
import type { RequestListener } from "node:http";
import type { SecureContextOptions } from "node:tls";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { GuestAgent } from "../guest-agent.ts";
import { judgeTlsKey, type TlsCertificate } from "./tls-credentials.ts";

/** Why there is no certificate: a clause for the log, without anything secret. */
type TlsFailure = string;

/** Told about renewals. */
export interface TlsObserver {
  renewed(certificate: TlsCertificate): void;
  failed(reason: TlsFailure): void;
}

/** Serves TLS with a certificate that it keeps fresh. */
export interface TlsKeeper {
  readonly certificate: TlsCertificate;
  /** Makes the server that the certificate is for; once. */
  createServer(timeouts: TlsServerTimeouts, handler: RequestListener): Server;
  /**
   * Replaces the certificate once two thirds of its life are over. Connections that are open stay as they are; new ones
   * get the new one. Where there is no new one to be had the old one serves on, and the next call tries again.
   */
  renewIfDue(observer: TlsObserver): Promise<void>;
}

/** Limits of the HTTP server on top, in milliseconds. */
interface TlsServerTimeouts {
  readonly requestTimeout: number;
  readonly headersTimeout: number;
  readonly connectionsCheckingInterval: number;
  readonly connectionTimeout: number;
}

// A handshake is a few kilobytes; nobody honest needs longer.
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** What a certificate is asked for with. */
export interface TlsKeeperOptions {
  readonly agent: Pick<GuestAgent, "tlsKey">;
  /** DNS names; at least one. */
  readonly names: readonly string[];
  /** Unix seconds. */
  readonly now: () => number;
}

/**
 * Asks the guest agent for a first certificate, without which nothing is served.
 *
 * TLS 1.3 only: every client of this service speaks it, and its handshakes show a certificate to nobody on the way.
 *
 * Errors: one clause that says why there is none.
 * Source: dstack guest agent RPC, `GetTlsKey`; RFC 8446.
 */
export async function createTlsKeeper(options: TlsKeeperOptions): Promise<Result<TlsKeeper, TlsFailure>> {
  const first = await obtain(options);
  if (!first.ok) return first;
  let { certificate } = first.value;
  let unused: SecureContextOptions | null = first.value.context;
  let server: Server | null = null;
  let isRenewing = false;
  return ok({
    get certificate() {
      return certificate;
    },
    createServer({ connectionTimeout, ...timeouts }, handler) {
      if (unused === null) throw new Error("the certificate serves one server");
      server = createServer({ ...unused, ...timeouts, handshakeTimeout: HANDSHAKE_TIMEOUT_MS }, handler);
      server.setTimeout(connectionTimeout);
      unused = null;
      return server;
    },
    async renewIfDue(observer) {
      const dueAt = certificate.notBefore + (2 * (certificate.notAfter - certificate.notBefore)) / 3;
      if (server === null || isRenewing || options.now() < dueAt) return;
      isRenewing = true;
      try {
        const next = await obtain(options);
        if (!next.ok) return observer.failed(next.error);
        server.setSecureContext(next.value.context);
        ({ certificate } = next.value);
        observer.renewed(certificate);
      } finally {
        isRenewing = false;
      }
    },
  });
}

async function obtain({
  agent,
  names,
  now,
}: TlsKeeperOptions): Promise<
  Result<{ readonly certificate: TlsCertificate; readonly context: SecureContextOptions }, TlsFailure>
> {
  const issued = await agent.tlsKey(names);
  if (!issued.ok) return err(`${issued.error.code}: ${issued.error.reason}`);
  const certificate = judgeTlsKey(issued.value, names, now());
  if (!certificate.ok) {
    issued.value.keyPem.wipe();
    return certificate;
  }
  // OpenSSL takes the key over with the context; the buffer here goes with its only holder.
  const key = issued.value.keyPem.use((pem) => Buffer.from(pem));
  issued.value.keyPem.wipe();
  return ok({
    certificate: certificate.value,
    context: { key, cert: certificate.value.chainPem, minVersion: "TLSv1.3", maxVersion: "TLSv1.3" },
  });
}
