import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { INTEL_SGX_ROOT_CA } from "@mero-tee/tdx-quote";
import type * as Glue from "@phala/dcap-qvl-web";
import type { EvidenceCase } from "./evidence-case.ts";
import type { Acceptance } from "./outcome.ts";
import { bundleOf, messageOf, type Peer } from "./peer.ts";

const GLUE = createRequire(import.meta.url).resolve("@phala/dcap-qvl-web");
const MODULE = createRequire(import.meta.url).resolve("@phala/dcap-qvl-web/dcap-qvl-web_bg.wasm");

interface Instance {
  readonly glue: typeof Glue;
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Where the trust anchor stands in the memory. */
  readonly rootOffset: number;
}

/** What the module gives back; every field is hex. */
interface Report {
  readonly status: string;
  readonly advisory_ids: readonly string[];
  readonly report: { readonly TD10?: Readonly<Record<string, string>> };
}

let instances = 0;

/** Starts a module of its own: the query makes Node load the glue, and with it the module's memory, anew. */
async function instantiate(): Promise<Instance> {
  instances += 1;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same file under another name
  const glue = (await import(/* @vite-ignore */ `${pathToFileURL(GLUE).href}?instance=${instances}`)) as typeof Glue;
  const { memory } = glue.initSync({ module: await readFile(MODULE) });
  const rootOffset = Buffer.from(memory.buffer).indexOf(INTEL_SGX_ROOT_CA);
  if (rootOffset < 0) throw new Error("Intel's root is not in the memory of the module");
  return { glue, memory, rootOffset };
}

function acceptanceOf({ status, advisory_ids, report }: Report): Acceptance {
  const fields = report.TD10 ?? {};
  const names = { mrtd: "mr_td", rtmr0: "rt_mr0", rtmr1: "rt_mr1", rtmr2: "rt_mr2", rtmr3: "rt_mr3" };
  const registers = { ...names, reportData: "report_data" };
  return {
    kind: "accepted",
    status,
    advisories: advisory_ids,
    registers: Object.fromEntries(Object.entries(registers).map(([ours, theirs]) => [ours, fields[theirs] ?? ""])),
  };
}

/**
 * `@phala/dcap-qvl-web`, Rust as WebAssembly. Intel's root is compiled into it, so another one of the same length is written
 * over it in the module's memory; nothing on disk changes.
 *
 * Judging rejects with RangeError for a root of another length.
 */
export async function createWasmPeer(): Promise<Peer> {
  let instance = await instantiate();

  const ask = ({ quote, now, rootCa, ...rest }: EvidenceCase): Report => {
    const root = rootCa ?? INTEL_SGX_ROOT_CA;
    new Uint8Array(instance.memory.buffer, instance.rootOffset, INTEL_SGX_ROOT_CA.length).set(root);
    const collateral = bundleOf({ quote, now, rootCa, ...rest });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the module says what it gives back
    return instance.glue.js_verify(quote, collateral, BigInt(now)) as Report;
  };

  return {
    name: "wasm",
    title: "@phala/dcap-qvl-web 0.3.3 (Rust as WebAssembly)",
    async judge(evidence) {
      const { rootCa } = evidence;
      if (rootCa !== null && rootCa.length !== INTEL_SGX_ROOT_CA.length) {
        throw new RangeError(`${evidence.name}: a root of ${rootCa.length} bytes does not fit into the module`);
      }
      try {
        return acceptanceOf(ask(evidence));
      } catch (thrown) {
        // A module that trapped is left in the middle of something: the next case gets a fresh one.
        if (thrown instanceof Error && thrown.name === "RuntimeError") instance = await instantiate();
        return { kind: "refused", message: messageOf(thrown) };
      }
    },
  };
}
