/**
 * Text of strangers, with everything spelled out that a screen would swallow or obey: control characters, bidirectional
 * controls, invisible and private characters, lone surrogates. `\u{202e}` then stands where a name would have been turned around.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\u2028\u2029]/gu, (character) =>
    character === "\n" ? "\n" : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
