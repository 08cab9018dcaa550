/** One instruction of a Dockerfile, its continuation lines joined. */
interface Instruction {
  readonly name: string;
  readonly rest: string;
}

function instructionsOf(dockerfile: string): readonly Instruction[] {
  return dockerfile
    .replaceAll(/\\\n\s*/g, " ")
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => ({ name: line.split(" ", 1)[0] ?? "", rest: line.slice(line.indexOf(" ") + 1).trim() }));
}

const ALLOWED = new Set([
  "FROM",
  "ARG",
  "COPY",
  "LABEL",
  "USER",
  "WORKDIR",
  "EXPOSE",
  "STOPSIGNAL",
  "ENV",
  "ENTRYPOINT",
]);
/** What the C library reads. Settings of the KMS are the deployment's, where the compose hash covers them. */
const ONLY_ENVIRONMENT = "MALLOC_ARENA_MAX=1";

/** What speaks against building images of this Dockerfile; empty when nothing does. */
export function objectionsToDockerfile(dockerfile: string): readonly string[] {
  const instructions = instructionsOf(dockerfile);
  const all = (name: string): readonly string[] =>
    instructions.flatMap((each) => (each.name === name ? [each.rest] : []));
  const copies = all("COPY");
  const pin = copies.filter((rest) => rest.endsWith(" /etc/mero-kms/image-profile"));
  const rules: readonly (readonly [isBroken: boolean, objection: string])[] = [
    [instructions.some(({ name }) => !ALLOWED.has(name)), "does more than copy files and say how they run"],
    [all("ENV").some((rest) => rest !== ONLY_ENVIRONMENT), "has a setting of its own"],
    [
      all("FROM").some((base) => base !== "scratch" && !/@sha256:[0-9a-f]{64}$/.test(base)),
      "has a base without digest",
    ],
    [all("FROM").length !== 1, "has more than one stage"],
    [all("USER").join() !== "10001:10001", "does not run as 10001:10001"],
    [copies.some((rest) => !rest.startsWith("--chown=0:0 ")), "has files that are not root's"],
    [copies.some((rest) => /--chmod=(?!0444)/.test(rest)), "changes modes to more than reading"],
    [copies.some((rest) => !/--chmod=0444/.test(rest) && !rest.endsWith(" rootfs/ /")), "copies files as they come"],
    [
      pin.length !== 1 ||
        pin[0] !== `--chown=0:0 --chmod=0444 profiles/\${KMS_IMAGE_PROFILE}.profile /etc/mero-kms/image-profile`,
      "does not pin the profile",
    ],
    [!all("ARG").includes("KMS_IMAGE_PROFILE"), "has a profile of its own choice"],
    [
      !all("LABEL").some((rest) => rest.includes('io.calimero.kms_profile="${KMS_IMAGE_PROFILE}"')),
      "has no profile label",
    ],
    [
      all("ENTRYPOINT").some((rest) => !rest.startsWith('["/')) || all("ENTRYPOINT").length !== 1,
      "starts through a shell",
    ],
  ];
  return rules.flatMap(([isBroken, objection]) => (isBroken ? [objection] : []));
}
