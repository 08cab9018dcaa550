import { textAt } from "../release/mero-tee.ts";
import { tryForgeries } from "./anti-fake.ts";
import { createMachineClient } from "./machine-client.ts";
import { freshNonce, keep, type Probe, type SeenOpinion, verifyProbedQuote, writeCandidates } from "./probe.ts";

/** What a node showed of itself, on a genuine machine and over a fresh nonce. */
export interface ObservedNode {
  readonly nonce: Buffer;
  readonly tcbStatus: string;
  /** Members of the verified quote. */
  readonly registers: Readonly<Record<Register, string>>;
  /** Base64, as the node sent it. */
  readonly quoteB64: string;
  /** What the node says its MRTD is; empty where it says nothing. */
  readonly teeInfoMrtd: string;
  /** What Intel Trust Authority said of the machine; null where it was not asked. */
  readonly opinion: SeenOpinion | null;
  /** What a policy would have to accept. */
  readonly candidates: unknown;
}

type Register = "mrtd" | "rtmr0" | "rtmr1" | "rtmr2" | "rtmr3";

/**
 * Looks at a node VM: it must be up and quote a fresh nonce on a genuine machine, and forgeries of that quote must be refused. Leaves
 * everything that was seen, the candidates among it.
 *
 * Source: docs/releases.md.
 */
export async function observeNode(probe: Probe): Promise<ObservedNode> {
  const { fetch, url, profile } = probe;
  const machine = createMachineClient(fetch, url);
  await keep(probe, `health-${profile}.json`, await machine.awaitUp("/admin-api/health", probe.patience));
  const info = await machine.ask("/admin-api/tee/info");
  await keep(probe, `tee-info-${profile}.json`, info);

  const nonce = freshNonce();
  const question = { nonce: nonce.toString("hex") };
  await keep(probe, `tee-attest-request-${profile}.json`, question);
  const said = await machine.ask("/admin-api/tee/attest", question);
  const answer = await keep(probe, `tee-attest-response-${profile}.json`, said);
  // The second half is the hash of an application, and none was asked about.
  const { tcbStatus, quote, opinion } = await verifyProbedQuote(
    probe,
    answer,
    Buffer.concat([nonce, Buffer.alloc(32)]),
  );
  await tryForgeries(probe, answer, said, nonce);
  const facts = { answer, nonce, tcbStatus };
  const register = (name: Register): string => textAt(quote, name);
  return {
    nonce,
    tcbStatus,
    registers: {
      mrtd: register("mrtd"),
      rtmr0: register("rtmr0"),
      rtmr1: register("rtmr1"),
      rtmr2: register("rtmr2"),
      rtmr3: register("rtmr3"),
    },
    quoteB64: textAt(said, "data", "quoteB64"),
    opinion,
    teeInfoMrtd: textAt(info, "data", "mrtd"),
    candidates: await writeCandidates(probe, `measurement-policy-candidates-${profile}.json`, facts),
  };
}
