import { parseServiceBase } from "@mero-tee/release-artifacts";
import type { SettingForm } from "./setting.ts";

/** The base URL of a service that is asked for documents; see {@link parseServiceBase}. */
export const SERVICE_URL: SettingForm<string> = { words: "https URL", parse: parseServiceBase };
