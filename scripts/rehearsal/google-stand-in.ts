import { createServer } from "node:http";
import { createSimulatedFirmwareEndorser } from "../../packages/tee-simulator/src/firmware-endorser/index.ts";

/** The bucket with Google's launch endorsements, on loopback: it endorses the firmware of simulated machines, of whatever MRTD. */
export interface GoogleStandIn {
  /** Where `storage.googleapis.com` is. */
  readonly origins: ReadonlyMap<string, string>;
  readonly rootPem: string;
  readonly close: () => Promise<void>;
}

const OBJECT = /^\/gce_tcb_integrity\/ovmf_x64_csm\/tdx\/(?<mrtd>[0-9a-f]{96})\.binarypb$/;
/** Memory of the machines that are probed, c3-standard-4. */
const RAM_GIB = 16;

/** Starts the stand-in. */
export async function startGoogleStandIn(now: number): Promise<GoogleStandIn> {
  const endorser = await createSimulatedFirmwareEndorser(now);
  const server = createServer((request, response) => {
    const mrtd = OBJECT.exec(request.url ?? "")?.groups?.["mrtd"];
    response.statusCode = mrtd === undefined ? 404 : 200;
    if (mrtd === undefined) response.end();
    else void endorser.endorse([{ ramGib: RAM_GIB, mrtd }]).then((bytes) => response.end(bytes));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  const port = typeof bound === "object" ? (bound?.port ?? 0) : 0;
  return {
    origins: new Map([["https://storage.googleapis.com", `http://127.0.0.1:${port}`]]),
    rootPem: endorser.rootPem,
    close: async () => await new Promise((resolve) => void server.close(() => resolve())),
  };
}
