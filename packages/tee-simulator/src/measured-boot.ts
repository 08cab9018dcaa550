import { kmsProfileEvent, nodeRtmr3, type Profile } from "@mero-tee/policy";
import { sha256, sha384 } from "@noble/hashes/sha2.js";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { coveredEvent, EVENT_TYPE, referencedEvent, variableEvent, type BootEvent } from "./boot-event.ts";
import { utf8 } from "./byte-writer.ts";
import { extendRtmr, replayDigests, runtimeEventDigest, type RuntimeEvent } from "./runtime-event.ts";

/** The two kinds of guest: a merod node on its own image, or the KMS under dstack. */
export type GuestRole = "node" | "kms";

/** The release profiles. */
export type GuestProfile = Profile;

/** The five measurement registers, lower-case hex. */
export interface Measurements {
  readonly mrtd: string;
  readonly rtmr0: string;
  readonly rtmr1: string;
  readonly rtmr2: string;
  readonly rtmr3: string;
}

/** What a simulated guest measured when it booted. */
export interface MeasuredBoot {
  readonly mrtd: Uint8Array;
  readonly bootEvents: readonly BootEvent[];
  /** RTMR0 to RTMR2 after the boot events, lower-case hex. */
  readonly bootRegisters: Pick<Measurements, "rtmr0" | "rtmr1" | "rtmr2">;
  /** What goes into RTMR3 and into the log. */
  readonly runtimeEvents: readonly RuntimeEvent[];
  /** RTMR3 before those: zero under dstack; a node's holds the one extension of its initrd, which is in no log. */
  readonly initialRtmr3: Uint8Array;
}

const GLOBAL_VARIABLE = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
const IMAGE_SECURITY_DATABASE = "d719b2cb-3d3a-4596-a3bc-dad00e67656f";

/** Root hash of the simulated node image of a profile: 64 hex characters, in the place of a dm-verity root hash. */
export function simulatedRootHash(profile: GuestProfile): string {
  return bytesToHex(sha256(utf8(`mero-tee simulated node image, ${profile}`)));
}

/** The simulated `app-compose.json` of the KMS; its SHA-256 is the compose hash. */
function simulatedAppCompose(profile: GuestProfile): string {
  return JSON.stringify({
    manifest_version: 2,
    name: "mero-kms-simulated",
    runner: "docker-compose",
    docker_compose_file: `services:\n  kms:\n    image: simulated.invalid/mero-kms-phala-${profile}\n`,
    kms_enabled: true,
    public_logs: true,
  });
}

/** What dstack knows of the simulated KMS application; none of it depends on the seed, so policies outlive a restart. */
export interface DstackApplication {
  readonly appCompose: string;
  readonly composeHash: Uint8Array;
  readonly appId: Uint8Array;
  readonly instanceId: Uint8Array;
  readonly osImageHash: Uint8Array;
  readonly deviceId: Uint8Array;
  /** JSON text, as in the `key-provider` event. */
  readonly keyProvider: string;
}

/**
 * The simulated KMS application of a profile.
 *
 * @param appCompose - the app-compose document that it is deployed with; by default a made-up one
 */
export function simulatedApplication(
  profile: GuestProfile,
  appCompose: string = simulatedAppCompose(profile),
): DstackApplication {
  const composeHash = sha256(utf8(appCompose));
  return {
    appCompose,
    composeHash,
    appId: composeHash.slice(0, 20),
    instanceId: sha256(utf8(`simulated instance, ${profile}`)).slice(0, 20),
    osImageHash: sha256(utf8("simulated dstack image")),
    deviceId: sha256(utf8("simulated device")),
    keyProvider: JSON.stringify({ name: "kms", id: bytesToHex(utf8("simulated dstack kms")) }),
  };
}

/** The RTMR3 events of a dstack boot, in boot order. */
export function dstackBootEvents(application: DstackApplication): readonly RuntimeEvent[] {
  const empty = new Uint8Array(0);
  return [
    { name: "system-preparing", payload: empty },
    { name: "app-id", payload: application.appId },
    { name: "compose-hash", payload: application.composeHash },
    { name: "instance-id", payload: application.instanceId },
    { name: "boot-mr-done", payload: empty },
    { name: "os-image-hash", payload: application.osImageHash },
    { name: "key-provider", payload: utf8(application.keyProvider) },
    { name: "storage-fs", payload: utf8("zfs") },
    { name: "system-ready", payload: empty },
  ];
}

/** RTMR3 of a node: one extension by its initrd, with role, profile and root hash. */
function nodeRegister(profile: GuestProfile): Uint8Array {
  const extended = nodeRtmr3({ role: "node", profile, rootHash: simulatedRootHash(profile) });
  if (!extended.ok) throw new RangeError(extended.error.code);
  return hexToBytes(extended.value.rtmr3);
}

const boots = new Map<string, MeasuredBoot>();

/**
 * Boots a simulated guest and starts its application: a KMS has then recorded its profile in RTMR3. The same role and
 * profile always measure the same, whatever the platform, so there are six boots in all and each is computed once.
 */
export function measureBoot(role: GuestRole, profile: GuestProfile): MeasuredBoot {
  const name = `${role} ${profile}`;
  const known = boots.get(name);
  if (known !== undefined) return known;
  const boot = role === "node" ? bootNode(profile) : bootKms(profile);
  boots.set(name, boot);
  return boot;
}

function bootNode(profile: GuestProfile): MeasuredBoot {
  const bootEvents = nodeBootEvents(profile);
  return {
    mrtd: sha384(utf8("simulated node firmware")),
    bootEvents,
    bootRegisters: replayBoot(bootEvents),
    runtimeEvents: [],
    initialRtmr3: nodeRegister(profile),
  };
}

function bootKms(profile: GuestProfile): MeasuredBoot {
  const bootEvents = dstackFirmwareEvents();
  return {
    mrtd: sha384(utf8("simulated dstack firmware")),
    bootEvents,
    bootRegisters: replayBoot(bootEvents),
    runtimeEvents: [...dstackBootEvents(simulatedApplication(profile)), kmsProfileEvent(profile)],
    initialRtmr3: new Uint8Array(48),
  };
}

function replayBoot(events: readonly BootEvent[]): MeasuredBoot["bootRegisters"] {
  const replay = (register: number): string =>
    bytesToHex(replayDigests(events.filter((event) => event.register === register).map((event) => event.digest)));
  return { rtmr0: replay(0), rtmr1: replay(1), rtmr2: replay(2) };
}

/** The registers of a boot; RTMR3 after the given runtime events, by default those of the boot. */
export function measurementsOf(
  boot: MeasuredBoot,
  runtimeEvents: readonly RuntimeEvent[] = boot.runtimeEvents,
): Measurements {
  return {
    mrtd: bytesToHex(boot.mrtd),
    ...boot.bootRegisters,
    rtmr3: bytesToHex(runtimeEvents.map(runtimeEventDigest).reduce(extendRtmr, boot.initialRtmr3)),
  };
}

function firmwareEvents(machine: string): readonly BootEvent[] {
  const off = Uint8Array.of(0);
  const none = new Uint8Array(0);
  return [
    referencedEvent(0, EVENT_TYPE.handoffTables2, `${machine} TD HOB`),
    referencedEvent(0, EVENT_TYPE.platformFirmwareBlob2, `${machine} configuration volume`),
    variableEvent(GLOBAL_VARIABLE, "SecureBoot", off),
    variableEvent(GLOBAL_VARIABLE, "PK", none),
    variableEvent(GLOBAL_VARIABLE, "KEK", none),
    variableEvent(IMAGE_SECURITY_DATABASE, "db", none),
    variableEvent(IMAGE_SECURITY_DATABASE, "dbx", none),
    coveredEvent(0, EVENT_TYPE.separator, new Uint8Array(4)),
    ...["acpi-loader", "acpi-rsdp", "acpi-tables"].map((label) =>
      referencedEvent(0, EVENT_TYPE.platformConfigFlags, `${machine} ${label}`, utf8("ACPI DATA"), label),
    ),
    referencedEvent(0, EVENT_TYPE.variableBoot, `${machine} BootOrder`),
    referencedEvent(0, EVENT_TYPE.variableBoot, `${machine} Boot0000`),
  ];
}

const BOOT_ACTIONS = {
  call: utf8("Calling EFI Application from Boot Option"),
  exitInvocation: utf8("Exit Boot Services Invocation"),
  exitReturned: utf8("Exit Boot Services Returned with Success"),
} as const;

function dstackFirmwareEvents(): readonly BootEvent[] {
  return [
    ...firmwareEvents("simulated dstack machine"),
    referencedEvent(1, EVENT_TYPE.bootServicesApplication, "dstack kernel"),
    coveredEvent(1, EVENT_TYPE.efiAction, BOOT_ACTIONS.call),
    coveredEvent(1, EVENT_TYPE.separator, new Uint8Array(4)),
    referencedEvent(2, EVENT_TYPE.eventTag, "dstack command line", utf8("LOADED_IMAGE::LoadOptions\0")),
    referencedEvent(2, EVENT_TYPE.eventTag, "dstack initrd", utf8("Linux initrd\0")),
    coveredEvent(1, EVENT_TYPE.efiAction, BOOT_ACTIONS.exitInvocation),
    coveredEvent(1, EVENT_TYPE.efiAction, BOOT_ACTIONS.exitReturned),
  ];
}

/** A node boots a unified kernel image, so RTMR1 and RTMR2 depend on the profile's kernel and command line. */
function nodeBootEvents(profile: GuestProfile): readonly BootEvent[] {
  const commandLine = `calimero.role=node calimero.profile=${profile} calimero.root_hash=${simulatedRootHash(profile)}`;
  return [
    ...firmwareEvents("simulated node machine"),
    coveredEvent(1, EVENT_TYPE.efiAction, BOOT_ACTIONS.call),
    coveredEvent(1, EVENT_TYPE.separator, new Uint8Array(4)),
    coveredEvent(1, EVENT_TYPE.gptEvent, utf8("simulated partition table")),
    referencedEvent(1, EVENT_TYPE.bootServicesApplication, `node image ${profile}`),
    referencedEvent(1, EVENT_TYPE.bootServicesApplication, "node kernel"),
    ...[".linux", ".osrel", ".cmdline", ".initrd", ".uname", ".sbat"].map((section) =>
      referencedEvent(
        2,
        EVENT_TYPE.ipl,
        section === ".cmdline" ? commandLine : `node image ${section}`,
        utf8(`${section}\0`),
      ),
    ),
    coveredEvent(1, EVENT_TYPE.efiAction, BOOT_ACTIONS.exitInvocation),
    coveredEvent(1, EVENT_TYPE.efiAction, BOOT_ACTIONS.exitReturned),
  ];
}
