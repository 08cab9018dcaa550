const [BASE, T_MIN, T_MAX, SKEW, DAMP, INITIAL_BIAS, INITIAL_N] = [36, 1, 26, 38, 700, 72, 128] as const;

/**
 * A host name as people read it, decoded from its ASCII form.
 *
 * @returns null where nothing is encoded, or a label does not decode
 * Source: RFC 3492.
 */
export function unicodeHost(host: string): string | null {
  const labels = host.split(".");
  if (!labels.some((label) => label.startsWith("xn--"))) return null;
  const decoded = labels.map((label) => (label.startsWith("xn--") ? decodeLabel(label.slice(4)) : label));
  return decoded.includes(null) ? null : decoded.join(".");
}

function decodeLabel(label: string): string | null {
  const split = label.lastIndexOf("-");
  const output = split > 0 ? Array.from(label.slice(0, split), (letter) => letter.codePointAt(0) ?? 0) : [];
  const digits = label.slice(split + 1);
  let [n, i, bias, at] = [INITIAL_N as number, 0, INITIAL_BIAS as number, 0];
  while (at < digits.length) {
    const before = i;
    for (let weight = 1, k = BASE as number; ; k += BASE) {
      const digit = digitOf(digits.charCodeAt(at));
      at += 1;
      if (digit === null) return null;
      i += digit * weight;
      if (i > 0x7fff_ffff) return null;
      const threshold = Math.min(Math.max(k - bias, T_MIN), T_MAX);
      if (digit < threshold) break;
      weight *= BASE - threshold;
    }
    const length = output.length + 1;
    bias = adapt(i - before, length, before === 0);
    n += Math.floor(i / length);
    i %= length;
    if (n > 0x10_ffff) return null;
    output.splice(i, 0, n);
    i += 1;
  }
  return String.fromCodePoint(...output);
}

function digitOf(code: number): number | null {
  if (code >= 0x61 && code <= 0x7a) return code - 0x61;
  if (code >= 0x30 && code <= 0x39) return code - 0x30 + 26;
  return null;
}

function adapt(change: number, length: number, isFirst: boolean): number {
  let delta = isFirst ? Math.floor(change / DAMP) : change >> 1;
  delta += Math.floor(delta / length);
  let k = 0;
  for (; delta > ((BASE - T_MIN) * T_MAX) >> 1; k += BASE) delta = Math.floor(delta / (BASE - T_MIN));
  return k + Math.floor(((BASE - T_MIN + 1) * delta) / (delta + SKEW));
}
