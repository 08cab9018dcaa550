/** Chromium as tests start it: as root, without a graphics card, and without anything that talks to the outside by itself. */
export const CHROMIUM_ARGUMENTS: string[] = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
