import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DstackAgent, startDstackAgent } from "@mero-tee/tee-simulator/server";
import { NOW, platform } from "./harness.ts";

/** A simulated guest agent on a socket of its own. */
export interface SimulatedAgent {
  readonly agent: DstackAgent;
  readonly socketPath: string;
  /** What went wrong inside the simulator; a test expects none. */
  readonly bugs: readonly unknown[];
  close(): Promise<void>;
}

export async function startSimulatedAgent(): Promise<SimulatedAgent> {
  const folder = await mkdtemp(join(tmpdir(), "kms-agent-"));
  const socketPath = join(folder, "dstack.sock");
  const bugs: unknown[] = [];
  const agent = await startDstackAgent({
    socketPath,
    guest: platform.bootGuest("locked-read-only"),
    now: () => NOW,
    onBug: (error) => void bugs.push(error),
  });
  return {
    agent,
    socketPath,
    bugs,
    async close() {
      await agent.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
