import { createHash, X509Certificate } from "node:crypto";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { Destination, ExchangeFailure, ExchangeLimits, TlsSession } from "./exchange.ts";
import { isSameAddress } from "./ip-address.ts";

/** Opens a connection to a literal address; it looks nothing up. Settles when connected, or rejects. */
export type Dial = (address: string, port: number, signal: AbortSignal) => Promise<DialledSocket>;

/** A connection and the address at its other end. */
interface DialledSocket {
  readonly socket: Socket;
  readonly remoteAddress: string;
}

/** A connection that is ready for HTTP. */
export interface OpenConnection {
  readonly socket: Socket;
  readonly remoteAddress: string;
  readonly tls: TlsSession | null;
}

/** Dials with the system's sockets. */
export const dialTcp: Dial = (address, port, signal) =>
  new Promise((resolve, reject) => {
    const socket = connectTcp({ host: address, port, signal, autoSelectFamily: false });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve({ socket, remoteAddress: socket.remoteAddress ?? "" });
    });
  });

/**
 * Connects to one of the addresses of a destination, with TLS where it has it. The other end has to be the address that was
 * chosen.
 *
 * @param caPem - certificates to trust instead of the system's, for tests and for services with a CA of their own
 * Errors: that of the last try.
 * Source: docs/verifier-api.md.
 */
export async function openConnection(
  destination: Destination,
  limits: Pick<ExchangeLimits, "connectMs" | "tlsMs">,
  signal: AbortSignal,
  { dial, caPem }: { readonly dial: Dial; readonly caPem?: string | undefined },
): Promise<Result<OpenConnection, ExchangeFailure>> {
  let last: Result<never, ExchangeFailure> = err({ code: "unreachable" });
  for (const address of destination.addresses) {
    const within = AbortSignal.any([signal, AbortSignal.timeout(limits.connectMs)]);
    const dialled = await dial(address, destination.port, within).catch(() => null);
    if (dialled === null) {
      last = err({ code: within.aborted ? "timeout" : "unreachable" });
      continue;
    }
    // The socket's own errors are the business of whoever reads from it; without a listener they would end the process.
    dialled.socket.on("error", () => undefined);
    if (!isSameAddress(address, dialled.remoteAddress)) {
      dialled.socket.destroy();
      return err({ code: "wrong-address" });
    }
    if (!destination.isTls) return ok({ ...dialled, tls: null });
    const secured = await secure(dialled.socket, destination, limits.tlsMs, caPem);
    if (secured.ok) return ok({ ...secured.value, remoteAddress: dialled.remoteAddress });
    dialled.socket.destroy();
    last = secured;
  }
  return last;
}

async function secure(
  socket: Socket,
  { host, mayBeUnauthorized }: Destination,
  tlsMs: number,
  caPem: string | undefined,
): Promise<Result<Omit<OpenConnection, "remoteAddress">, ExchangeFailure>> {
  const isName = !/^[0-9.]+$|^\[/.test(host);
  const tls = connectTls({
    socket,
    ...(isName ? { servername: host } : { host: host.replace(/^\[(.*)\]$/, "$1") }),
    minVersion: "TLSv1.2",
    ALPNProtocols: ["http/1.1"],
    // Judged below, so that a node's own certificate can be reported instead of refused.
    rejectUnauthorized: false,
    ...(caPem === undefined ? {} : { ca: caPem }),
  });
  const done = Promise.withResolvers<ExchangeFailure["code"] | null>();
  const timer = setTimeout(() => done.resolve("timeout"), tlsMs);
  tls.once("secureConnect", () => done.resolve(null));
  tls.on("error", () => done.resolve("unreachable"));
  tls.once("close", () => done.resolve("unreachable"));
  const failed = await done.promise;
  clearTimeout(timer);
  if (failed === "timeout") return err({ code: "timeout" });
  if (failed !== null) return err({ code: "unreachable" });
  if (!tls.authorized && !mayBeUnauthorized) {
    tls.destroy();
    return err({ code: "unauthorized" });
  }
  return ok({ socket: tls, tls: sessionOf(tls) });
}

function sessionOf(tls: TLSSocket): TlsSession {
  const key = new X509Certificate(tls.getPeerCertificate().raw).publicKey.export({ type: "spki", format: "der" });
  return {
    protocol: tls.getProtocol() ?? "unknown",
    spkiSha256: createHash("sha256").update(key).digest("hex"),
    isAuthorized: tls.authorized,
  };
}
