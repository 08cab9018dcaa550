import { isRepository } from "@mero-tee/release-artifacts";
import { err, ok } from "@mero-tee/tdx-quote/result";
import type { SettingForm } from "./setting.ts";

/** The repository whose releases count. */
export const REPOSITORY: SettingForm<string> = {
  words: "`OWNER/NAME`",
  parse: (text) => (isRepository(text) ? ok(text) : err("must be a repository, OWNER/NAME")),
};
