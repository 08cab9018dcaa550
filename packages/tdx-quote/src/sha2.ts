/** SHA-256 and SHA-384 by the fastest code that this run time has at once. */
export { sha256, sha256Hex, sha384, sha384Hex } from "#sha2";
