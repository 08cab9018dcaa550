export { anchorsDocument } from "./anchors-document.ts";
export { type DstackAgent, type DstackAgentOptions, startDstackAgent } from "./dstack-agent.ts";
export { DSTACK_METHODS, type DstackMethod } from "./dstack-methods.ts";
export type { Fault, Hold } from "./faults.ts";
export { type RunningSimulator, type SimulatorOptions, startSimulator } from "./start-simulator.ts";
export { createTlsIssuer, type TlsIssuer } from "./dstack-tls.ts";
