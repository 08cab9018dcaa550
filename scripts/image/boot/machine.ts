import { appendFile, copyFile, rm, writeFile } from "node:fs/promises";
import { stripVTControlCharacters } from "node:util";
import { execa } from "execa";

const FIRMWARE = "/usr/share/OVMF/OVMF_CODE_4M.fd";
const VARIABLES = "/usr/share/OVMF/OVMF_VARS_4M.fd";
const MEMORY_MIB = 1024;

/** A machine that is started, without KVM and without TDX. */
export interface MachineRequest {
  /** Its boot disk; nothing that the machine writes reaches the file. */
  readonly disk: string;
  /** File for its firmware's variables, removed afterwards. */
  readonly variables: string;
  /** File for what it writes to its serial port, as it writes it. */
  readonly log: string;
  /** Switched off when this appears on its console. */
  readonly until?: RegExp;
  /** Typed again and again from the first line of the system on. */
  readonly typed?: string;
  /** What happens to it as soon as its root is verified. */
  readonly onVerified?: () => Promise<void>;
  /** More arguments of QEMU. */
  readonly devices?: readonly string[];
  readonly limitSeconds: number;
}

/** What was seen of a machine. */
export interface Boot {
  /** Its serial console, without control characters, line breaks as `\n`. */
  readonly console: string;
  /** Whether the machine ended by itself: it powered off, or panicked and would have started anew. */
  readonly ended: boolean;
  readonly seconds: number;
}

/**
 * Of a kernel that found no timer, since a busy machine emulated it too slowly; it says nothing about the disk. In a locked image it has no console
 * to say so.
 */
const NO_TIMER = "IO-APIC + timer doesn't work";
const OF_THE_IMAGE = "calimero-";
const ATTEMPTS = 3;

/** Starts a machine from a disk image, as firmware would, and reads its serial console until it ends. */
export async function bootMachine(request: MachineRequest): Promise<Boot> {
  for (let attempt = 1; ; attempt += 1) {
    const boot = await bootOnce(request);
    const isSilent = boot.ended && !boot.console.includes(OF_THE_IMAGE);
    if (attempt === ATTEMPTS || !(isSilent || boot.console.includes(NO_TIMER))) return boot;
  }
}

async function bootOnce(request: MachineRequest): Promise<Boot> {
  const { disk, variables, log, until, typed, onVerified, devices = [], limitSeconds } = request;
  const started = performance.now();
  await copyFile(VARIABLES, variables);
  await writeFile(log, "");
  const machine = ["-machine", "q35", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max", "-smp", "2"];
  const screen = ["-m", String(MEMORY_MIB), "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot"];
  const firmware = [
    `if=pflash,format=raw,unit=0,readonly=on,file=${FIRMWARE}`,
    `if=pflash,format=raw,unit=1,file=${variables}`,
  ];
  const drives = [...firmware, `if=virtio,format=raw,snapshot=on,file=${disk}`].flatMap((drive) => ["-drive", drive]);
  const network = devices.includes("-nic") ? [] : ["-nic", "none"];
  const args = [...machine, ...screen, ...network, ...drives, ...devices];
  const running = execa("qemu-system-x86_64", args, {
    timeout: limitSeconds * 1000,
    reject: false,
    buffer: false,
    stdin: "pipe",
  });
  const decoder = new TextDecoder();
  let seen = "";
  let isTyping = false;
  let isStopped = false;
  let isVerified = false;
  let typing: NodeJS.Timeout | undefined;
  // A machine that has ended reads no more of what is typed.
  running.stdin.on("error", () => undefined);
  for await (const chunk of running.iterable({ from: "stdout", binary: true })) {
    seen += decoder.decode(chunk, { stream: true });
    await appendFile(log, chunk);
    if (typed !== undefined && !isTyping && seen.includes("calimero-verity: ")) {
      isTyping = true;
      typing = setInterval(() => void running.stdin.write(typed), 500);
    }
    if (!isVerified && seen.includes("calimero-verity: OK")) {
      isVerified = true;
      await onVerified?.();
    }
    if (!isStopped && until?.test(seen) === true) {
      isStopped = true;
      running.kill("SIGKILL");
    }
  }
  clearInterval(typing);
  const { timedOut, exitCode, stderr } = await running;
  await rm(variables);
  if (!isStopped && !timedOut && exitCode !== 0) throw new Error(`QEMU ended with ${exitCode}: ${String(stderr)}`);
  const console = stripVTControlCharacters(seen).replaceAll("\r", "");
  return { console, ended: !isStopped && !timedOut, seconds: (performance.now() - started) / 1000 };
}

/** The last line of a console with a text in it; undefined where none has it. */
export function lineWith({ console }: Boot, text: string): string | undefined {
  return console
    .split("\n")
    .findLast((line) => line.includes(text))
    ?.trim();
}
