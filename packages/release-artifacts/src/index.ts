export { RELEASE_LANES, type ReleaseLane, TAG_PREFIX } from "./lane.ts";
