/** How this machine is asked for a browser; what is behind it is the composition root's business. */
export interface ChromiumSource {
  /** Path of an installed Chromium, or null. */
  readonly find: () => Promise<string | null>;
  /** Installs Debian's Chromium; absent where that is not ours to do. Resolves to whether it went through. */
  readonly install?: () => Promise<boolean>;
}

export type ChromiumAnswer =
  { readonly kind: "found"; readonly path: string } | { readonly kind: "missing"; readonly why: string };

/** Finds Chromium, and installs it first where it may. Nothing is ever downloaded from anywhere but the system's packages. */
export async function provideChromium({ find, install }: ChromiumSource): Promise<ChromiumAnswer> {
  const present = await find();
  if (present !== null) return { kind: "found", path: present };
  if (install === undefined) return { kind: "missing", why: "no Chromium here; get it with: apt-get install chromium" };
  const installed = await install();
  const path = installed ? await find() : null;
  return path === null
    ? { kind: "missing", why: "no Chromium here, and installing Debian's chromium failed" }
    : { kind: "found", path };
}
