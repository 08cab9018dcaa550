import { expect, test } from "vitest";
import { parseBase64, toBase64 } from "../src/base64.ts";

// RFC 4648, section 10, and the two last digits of the alphabet.
const VECTORS = [
  { text: "", bytes: "" },
  { text: "Zg==", bytes: "f" },
  { text: "Zm8=", bytes: "fo" },
  { text: "Zm9v", bytes: "foo" },
  { text: "Zm9vYg==", bytes: "foob" },
  { text: "Zm9vYmE=", bytes: "fooba" },
  { text: "Zm9vYmFy", bytes: "foobar" },
  { text: "++//", bytes: "\u00fb\u00ef\u00ff" },
];

test.each(VECTORS)("'$text' is the base64 of '$bytes'", ({ text, bytes }) => {
  const binary = Uint8Array.from(bytes, (character) => character.charCodeAt(0));
  expect(toBase64(binary)).toBe(text);
  expect(parseBase64(text)).toEqual(binary);
});

test.each([
  { name: "a missing padding", text: "Zg" },
  { name: "half a padding", text: "Zg=" },
  { name: "a padding too many", text: "Zm9v====" },
  { name: "three padding characters", text: "Z===" },
  { name: "nothing but padding", text: "====" },
  { name: "padding in the middle", text: "Zg==Zg==" },
  { name: "unused bits set before two padding characters", text: "Zh==" },
  { name: "unused bits set before one padding character", text: "Zm9=" },
  { name: "a space", text: "Zm 9" },
  { name: "a line feed", text: "Zm9\n" },
  { name: "the alphabet for URLs", text: "--__" },
  { name: "a character before the letters", text: "@@@@" },
  { name: "a character after the letters", text: "{{{{" },
  { name: "a character outside ASCII", text: "Zm9\u0161" },
])("$name is refused", ({ text }) => {
  expect(parseBase64(text)).toBeNull();
});
