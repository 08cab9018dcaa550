/** `EV_NO_ACTION`: informational, never extended. TCG PC Client Platform Firmware Profile, event types. */
export const EV_NO_ACTION = 0x3;

const TCG_EVENT_TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [0x0, "EV_PREBOOT_CERT"],
  [0x1, "EV_POST_CODE"],
  [0x2, "EV_UNUSED"],
  [EV_NO_ACTION, "EV_NO_ACTION"],
  [0x4, "EV_SEPARATOR"],
  [0x5, "EV_ACTION"],
  [0x6, "EV_EVENT_TAG"],
  [0x7, "EV_S_CRTM_CONTENTS"],
  [0x8, "EV_S_CRTM_VERSION"],
  [0x9, "EV_CPU_MICROCODE"],
  [0xa, "EV_PLATFORM_CONFIG_FLAGS"],
  [0xb, "EV_TABLE_OF_DEVICES"],
  [0xc, "EV_COMPACT_HASH"],
  [0xd, "EV_IPL"],
  [0xe, "EV_IPL_PARTITION_DATA"],
  [0xf, "EV_NONHOST_CODE"],
  [0x10, "EV_NONHOST_CONFIG"],
  [0x11, "EV_NONHOST_INFO"],
  [0x12, "EV_OMIT_BOOT_DEVICE_EVENTS"],
  [0x80000001, "EV_EFI_VARIABLE_DRIVER_CONFIG"],
  [0x80000002, "EV_EFI_VARIABLE_BOOT"],
  [0x80000003, "EV_EFI_BOOT_SERVICES_APPLICATION"],
  [0x80000004, "EV_EFI_BOOT_SERVICES_DRIVER"],
  [0x80000005, "EV_EFI_RUNTIME_SERVICES_DRIVER"],
  [0x80000006, "EV_EFI_GPT_EVENT"],
  [0x80000007, "EV_EFI_ACTION"],
  [0x80000008, "EV_EFI_PLATFORM_FIRMWARE_BLOB"],
  [0x80000009, "EV_EFI_HANDOFF_TABLES"],
  [0x8000000a, "EV_EFI_PLATFORM_FIRMWARE_BLOB2"],
  [0x8000000b, "EV_EFI_HANDOFF_TABLES2"],
  [0x8000000c, "EV_EFI_VARIABLE_BOOT2"],
  [0x80000010, "EV_EFI_HCRTM_EVENT"],
  [0x800000e0, "EV_EFI_VARIABLE_AUTHORITY"],
  [0x800000e1, "EV_EFI_SPDM_FIRMWARE_BLOB"],
  [0x800000e2, "EV_EFI_SPDM_FIRMWARE_CONFIG"],
]);

/** `EV_SEPARATOR`, `EV_EFI_VARIABLE_DRIVER_CONFIG`, `EV_EFI_GPT_EVENT`, `EV_EFI_ACTION`, `EV_EFI_VARIABLE_AUTHORITY`. */
const TYPES_WITH_DIGEST_OF_EVENT_DATA: ReadonlySet<number> = new Set([
  0x4, 0x80000001, 0x80000006, 0x80000007, 0x800000e0,
]);

/**
 * The TCG name of an event type; its number in hex (`0x80000abc`) when the table does not know it, since unknown types
 * are listed and extended like any other.
 *
 * Source: TCG PC Client Platform Firmware Profile, table of event types.
 */
export function tcgEventTypeName(type: number): string {
  return TCG_EVENT_TYPE_NAMES.get(type) ?? `0x${type.toString(16).padStart(8, "0")}`;
}

/**
 * Whether the digest of such an event is the hash of its event data, so that the data is authenticated by a replay that
 * matches. For every other type the digest covers something else (a PE image, an ACPI table, only a variable's data), or
 * implementations differ, and nothing may be decided on the event data.
 *
 * Source: TCG PC Client Platform Firmware Profile, measurements per event type; observed in OVMF, shim and GRUB logs.
 */
export function digestCoversEventData(type: number): boolean {
  return TYPES_WITH_DIGEST_OF_EVENT_DATA.has(type);
}
