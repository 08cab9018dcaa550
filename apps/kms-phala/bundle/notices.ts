import type { BundledPackage } from "./bundled-packages.ts";

/** Name of the file with the licences of what is bundled. */
export const NOTICES_NAME = "NOTICES.txt";

const RULE = "-".repeat(80);

/** For packages that state this licence without shipping its text. */
const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation
the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and
to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of
the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO
THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF
CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER
DEALINGS IN THE SOFTWARE.`;

/** Licences whose terms a bundle under MIT or Apache-2.0 meets by repeating them. */
const PERMISSIVE: ReadonlySet<string> = new Set(["MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "0BSD"]);

/**
 * Writes the licences of everything that is bundled.
 *
 * @throws for a licence that asks for more than to be repeated, and for one whose text is not known
 */
export function noticesOf(packages: readonly BundledPackage[]): string {
  const intro = "mero-kms-phala is under MIT or Apache-2.0, at your choice. It contains code of these packages:";
  const list = packages.map(({ name, version, license }) => `  ${name} ${version} (${license})`).join("\n");
  return `${[`${intro}\n\n${list}`, ...packages.map(noticeOf)].join(`\n\n${RULE}\n`)}\n`;
}

function noticeOf(bundled: BundledPackage): string {
  const { name, version, license } = bundled;
  if (!PERMISSIVE.has(license)) throw new Error(`${name} ${version} is under ${license}: not known to be permissive`);
  return `${name} ${version} (${license})\n\n${licenseTextOf(bundled)}`;
}

function licenseTextOf({ name, version, license, author, licenseText }: BundledPackage): string {
  if (licenseText !== null) return licenseText;
  if (license !== "MIT" || author === null) throw new Error(`${name} ${version} comes without the text of its licence`);
  return `Copyright (c) ${author}\n\n${MIT}`;
}
