import { connect, createServer, type NetConnectOpts, type Server, type Socket } from "node:net";

/** A network between a client and a server that a test can cut. */
export interface TcpProxy {
  /** Its own port on 127.0.0.1; 0 for a Unix socket. */
  readonly port: number;
  /** Nothing passes any more in either direction, and nobody is told: connections stay open and are still accepted. */
  cut(): void;
  /** What was held back passes, and everything after it. */
  heal(): void;
  /** Where connections lead that come from now on; those that are open end. */
  leadTo(target: NetConnectOpts): void;
  close(): Promise<void>;
}

/** Starts a proxy on a free port of loopback, or on a Unix socket. */
export async function startTcpProxy(target: NetConnectOpts, listenPath?: string): Promise<TcpProxy> {
  const pairs = new Set<{ readonly near: Socket; readonly far: Socket }>();
  const held: (() => void)[] = [];
  let isCut = false;
  let leadsTo = target;

  const join = (near: Socket): void => {
    if (near.destroyed) return;
    const far = connect({ ...leadsTo, allowHalfOpen: true });
    const pair = { near, far };
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on("error", end).on("close", end);
    near.pipe(far);
    far.pipe(near);
  };
  const server: Server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (near) => {
    near.on("error", () => near.destroy());
    if (isCut) held.push(() => join(near));
    else join(near);
  });
  server.listen(listenPath === undefined ? { host: "127.0.0.1", port: 0 } : { path: listenPath });
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    cut() {
      isCut = true;
      for (const { near, far } of pairs) {
        near.unpipe(far).pause();
        far.unpipe(near).pause();
      }
    },
    heal() {
      isCut = false;
      for (const { near, far } of pairs) {
        near.pipe(far);
        far.pipe(near);
      }
      for (const release of held.splice(0)) release();
    },
    leadTo(next) {
      leadsTo = next;
      for (const { near } of pairs) near.destroy();
    },
    async close() {
      for (const { near } of pairs) near.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
