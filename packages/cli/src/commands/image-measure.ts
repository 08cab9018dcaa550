import { buildCommand, type Command } from "@stricli/core";
import { measureDiskImage, measureUkiImage, type ImageError, type ImageMeasurement } from "@mero-tee/image-measure";
import { PROFILES, type Profile } from "@mero-tee/policy";
import { parseEventLog, type EventLog } from "@mero-tee/tdx-quote";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure } from "../cli-failure.ts";
import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { EVENT_LOG_INPUT_LIMIT_BYTES } from "../event-log-input.ts";
import { refusalOfCli, refusalOfEvidence, refusalOfImage, type Refusal } from "../failure-view.ts";
import { optionalFlag } from "../flags.ts";
import { reportRefusal, reportSuccess, type Report } from "../output.ts";
import { table } from "../table.ts";

/** Largest UKI that is read: a kernel and an initrd have less than 150 MB. */
const UKI_LIMIT_BYTES = 512 * 1024 * 1024;

interface MeasureFlags extends CommonFlags {
  readonly disk?: string;
  readonly uki?: string;
  readonly profile: Profile;
  readonly template?: string;
}

const NOTHING_KNOWN = {
  profile: null,
  rootHash: null,
  rtmr1: null,
  rtmr2: null,
  rtmr3: null,
  eventDigest: null,
  preimage: null,
  gptDigest: null,
  uki: null,
} as const;

async function loadTemplate(ports: Ports, file: string | undefined): Promise<Result<EventLog | undefined, Refusal>> {
  if (file === undefined) return ok(undefined);
  const bytes = await ports.files.read(file, EVENT_LOG_INPUT_LIMIT_BYTES);
  if (!bytes.ok) return err(refusalOfCli(bytes.error));
  const log = parseEventLog(bytes.value, "ccel");
  return log.ok ? log : err(refusalOfEvidence(log.error));
}

function refused(result: Result<ImageMeasurement, ImageError>): Result<ImageMeasurement, Refusal> {
  return result.ok ? result : err(refusalOfImage(result.error));
}

async function measured(ports: Ports, flags: MeasureFlags): Promise<Result<ImageMeasurement, Refusal>> {
  const { disk, uki, profile } = flags;
  const template = await loadTemplate(ports, flags.template);
  if (!template.ok) return template;
  const options = { profile, ...(template.value === undefined ? {} : { template: template.value }) };
  if (disk !== undefined && uki === undefined) {
    const result = await ports.files.withRandomAccess(disk, (source) => measureDiskImage(source, options));
    return result.ok ? refused(result.value) : err(refusalOfCli(result.error));
  }
  if (uki !== undefined && disk === undefined) {
    const bytes = await ports.files.read(uki, UKI_LIMIT_BYTES);
    return bytes.ok ? refused(measureUkiImage(bytes.value, options)) : err(refusalOfCli(bytes.error));
  }
  return err(refusalOfCli(cliFailure("usage-invalid", "Give either --disk or --uki.")));
}

function textOf({ profile, rootHash, rtmr3, uki, gptDigest, rtmr1, rtmr2 }: ImageMeasurement): string {
  const unknown = "not predicted: it takes --template, and RTMR1 a --disk";
  return table(
    [
      ["profile", profile],
      ["root hash", rootHash],
      ["RTMR1", rtmr1 ?? unknown],
      ["RTMR2", rtmr2 ?? unknown],
      ["RTMR3", rtmr3.rtmr3],
      ["UKI", uki.digest],
      ["kernel", uki.kernelDigest],
      ...(gptDigest === null ? [] : [["partition table", gptDigest] as const]),
      ...uki.sections.map(({ name, digest }) => [name, digest] as const),
    ],
    0,
  );
}

async function measure(ports: Ports, flags: MeasureFlags): Promise<Report> {
  const result = await measured(ports, flags);
  if (!result.ok) return reportRefusal(result.error, NOTHING_KNOWN);
  const { profile, rootHash, rtmr3, uki, gptDigest, rtmr1, rtmr2 } = result.value;
  return reportSuccess({ profile, rootHash, rtmr1, rtmr2, ...rtmr3, gptDigest, uki }, () => textOf(result.value));
}

/** `mero-tee image measure`: what a built node image must measure as, from its bytes alone. */
export const imageMeasureCommand: Command<CliContext> = buildCommand({
  func: reporting<MeasureFlags, []>(measure),
  parameters: {
    flags: {
      disk: optionalFlag(String, "FILE", "Raw disk of the image"),
      uki: optionalFlag(String, "FILE", "Only its unified kernel image"),
      profile: { kind: "enum", values: PROFILES, brief: "Profile that the image should have; another one is refused" },
      template: optionalFlag(String, "FILE", "CCEL event log of a VM of the same machine type, for RTMR1 and RTMR2"),
      json: JSON_FLAG,
    },
  },
  docs: commandDocs(
    "Predict what a node image measures as",
    "Reads the partition table, the unified kernel image and its sections, and refuses a disk that is not laid out as a node image " +
      "is, or that is a test build. MRTD and RTMR0 are the machine's: a probe says them.",
    {
      does: "what must the registers of this image be?",
      line: "mero-tee image measure --disk disk.raw --profile locked-read-only --template ccel.bin",
    },
  ),
});
