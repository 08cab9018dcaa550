import { expect, test } from "vitest";
import { digestCoversEventData, tcgEventTypeName } from "../src/tcg-event-type.ts";

test.each([
  { type: 0x1, name: "EV_POST_CODE" },
  { type: 0x3, name: "EV_NO_ACTION" },
  { type: 0x4, name: "EV_SEPARATOR" },
  { type: 0x5, name: "EV_ACTION" },
  { type: 0x6, name: "EV_EVENT_TAG" },
  { type: 0xa, name: "EV_PLATFORM_CONFIG_FLAGS" },
  { type: 0xd, name: "EV_IPL" },
  { type: 0x80000001, name: "EV_EFI_VARIABLE_DRIVER_CONFIG" },
  { type: 0x80000002, name: "EV_EFI_VARIABLE_BOOT" },
  { type: 0x80000003, name: "EV_EFI_BOOT_SERVICES_APPLICATION" },
  { type: 0x80000006, name: "EV_EFI_GPT_EVENT" },
  { type: 0x80000007, name: "EV_EFI_ACTION" },
  { type: 0x80000008, name: "EV_EFI_PLATFORM_FIRMWARE_BLOB" },
  { type: 0x8000000a, name: "EV_EFI_PLATFORM_FIRMWARE_BLOB2" },
  { type: 0x8000000b, name: "EV_EFI_HANDOFF_TABLES2" },
  { type: 0x800000e0, name: "EV_EFI_VARIABLE_AUTHORITY" },
  { type: 0x8000abcd, name: "0x8000abcd" },
  { type: 0x20, name: "0x00000020" },
])("type $type is named $name", ({ type, name }) => {
  expect(tcgEventTypeName(type)).toBe(name);
});

test("only five types have the digest of their event data", () => {
  const types = [
    ...Array.from({ length: 0x20 }, (_, i) => i),
    ...Array.from({ length: 0x100 }, (_, i) => 0x80000000 + i),
  ];
  expect(types.filter(digestCoversEventData)).toEqual([0x4, 0x80000001, 0x80000006, 0x80000007, 0x800000e0]);
});
