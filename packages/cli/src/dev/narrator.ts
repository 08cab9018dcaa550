import { failureText, jsonDocument, type JsonDocument } from "../output.ts";
import type { Refusal } from "../failure-view.ts";
import { createPaint, wantsColour, type Paint } from "../paint.ts";
import type { Ports } from "../context.ts";

/** Something that was proven, in words that need no background, with the evidence behind it. */
interface Step {
  /** Stable name for machines, kebab-case. */
  readonly id: string;
  /** What is now known: "the KMS is fresh". */
  readonly title: string;
  /** Why it is known, or what was seen. */
  readonly evidence: string;
}

/** The addresses and files of a running platform. `verifierUrl` is null where no verifier runs. */
export interface ReadyEvent {
  readonly kmsUrl: string;
  readonly verifierUrl: string | null;
  readonly simulatorUrl: string;
  readonly rootCaFile: string;
  readonly dstackSocket: string;
  readonly policyFile: string;
}

/** What the boot came to. */
export interface BootedEvent {
  readonly peerId: string;
  readonly keyFingerprint: string;
}

/** Tells what happens: to people as text, to machines as one JSON document a line. */
export interface Narrator {
  ready(event: ReadyEvent, profile: string): void;
  chapter(title: string): void;
  step(step: Step): void;
  booted(event: BootedEvent): void;
  failed(refusal: Refusal): void;
  /** Text for people alone. */
  note(text: string): void;
}

/** The narrator for `--json`: the first line is the ready event, or the failure that kept it from coming. */
export function createJsonNarrator(ports: Ports): Narrator {
  const print = (document: JsonDocument): void => ports.stdout.write(`${JSON.stringify(document)}\n`);
  let chapterTitle = "";
  return {
    ready: (event) => print({ schemaVersion: 1, event: "ready", ...event }),
    chapter: (title) => {
      chapterTitle = title;
    },
    step: (step) => print({ schemaVersion: 1, event: "step", chapter: chapterTitle, ...step }),
    booted: (event) => print({ schemaVersion: 1, event: "booted", ...event }),
    failed: ({ view, details }) => {
      if (details !== undefined) ports.stderr.write(details);
      print(jsonDocument({ event: "failed" }, view));
    },
    note: () => undefined,
  };
}

const TITLE_WIDTH = 34;

/** The narrator for people. */
export function createTextNarrator(ports: Ports): Narrator {
  const paint: Paint = createPaint(wantsColour(ports.stdout, ports.environment));
  const print = (text: string): void => ports.stdout.write(`${text}\n`);
  let chapters = 0;
  const line = (title: string, evidence: string): void =>
    print(`  ${paint.good("✓")} ${title.padEnd(TITLE_WIDTH)} ${paint.dim(evidence)}`.trimEnd());
  return {
    ready: (event, profile) => {
      print(
        paint.strong("A confidential machine gets its key, on a simulated platform. Nothing leaves this computer."),
      );
      print("");
      line("simulated TDX platform", `${event.simulatorUrl}, with a root CA of its own`);
      line("KMS, the real service", `${event.kmsUrl}, ${profile}; it trusts that root CA, not Intel's`);
      if (event.verifierUrl !== null) line("public verifier", `${event.verifierUrl}, for you to open in a browser`);
    },
    chapter: (title) => {
      chapters += 1;
      print(`\n${paint.strong(`${chapters}. ${title}`)}`);
    },
    step: ({ title, evidence }) => line(title, evidence),
    booted: ({ peerId, keyFingerprint }) => {
      print(`\n${paint.good("✓ Booted")}  node ${peerId}`);
      print(`  key fingerprint ${paint.strong(keyFingerprint)} (SHA-256 of the key; the key itself is never shown)`);
    },
    failed: ({ view, details }) => {
      if (details !== undefined) ports.stderr.write(details);
      const errors = createPaint(wantsColour(ports.stderr, ports.environment));
      ports.stderr.write(`\n${failureText(view, false, errors)}`);
    },
    note: print,
  };
}
