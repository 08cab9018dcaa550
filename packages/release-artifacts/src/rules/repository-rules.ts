import { describeDocumentProblem } from "../documents/document-problem.ts";
import { parseDocument } from "../documents/document-shape.ts";
import { versionsManifest } from "../documents/versions-manifest.ts";
import { entriesBelow, type ScalarAt } from "./configuration-walk.ts";
import type { RepositoryEvidence } from "./evidence.ts";
import type { Rule, RuleSheet } from "./rule.ts";

/** Settings that would replace the released policy, or switch its enforcement off. */
const FORBIDDEN_NAME = /^(?:MERO_KMS_)?ALLOWED_(?:TCB_STATUS(?:ES)?|MRTD|RTMR[0-3])$|^USE_ENV_POLICY$/;
const FORBIDDEN_VALUE: ReadonlyMap<string, RegExp> = new Map([
  ["ENFORCE_MEASUREMENT_POLICY", /^(?:false|0|no|off)$/i],
  ["ACCEPT_MOCK_ATTESTATION", /^(?:true|1|yes|on)$/i],
]);

/** Paths whose change is a change for operators. A guard over a directory that does not exist watches nothing. */
const LANE_PATHS: readonly string[] = [
  ".github/workflows",
  ".github/actions",
  "scripts/release",
  "scripts/policy",
  "scripts/attestation",
  "scripts/phala",
];
/** The same, of the node image: they come with `versions.json`. */
const IMAGE_PATHS: readonly string[] = ["packer", "ansible"];
const DOCS_DIRECTORY = "docs";

/** Contexts of a workflow that outsiders can fill. */
const UNTRUSTED =
  /\$\{\{[^}]*(?:github\.(?:event|head_ref|ref_name|actor|triggering_actor)|inputs\.|steps\.|needs\.|matrix\.)[^}]*\}\}/;

const NO_IMAGE = "the repository builds no node image: there is no versions.json";

function repositoryRule(
  demand: string,
  judge: (evidence: RepositoryEvidence, sheet: RuleSheet) => void,
): Rule<"repository"> {
  return { scope: "repository", lanes: [], demand, judge };
}

function scalars(evidence: RepositoryEvidence): readonly (ScalarAt & { readonly file: string })[] {
  return evidence.configuration.flatMap(({ path, value }) =>
    entriesBelow(value).map((entry) => ({ ...entry, file: path })),
  );
}

/** A workflow, or an action of ours that workflows run. */
function isWorkflow(file: string): boolean {
  return file.startsWith(".github/workflows/") || file.startsWith(".github/actions/");
}

/** Assignments inside a shell text or an environment list. */
function assignments(text: string): readonly (readonly [name: string, value: string])[] {
  return [...text.matchAll(/\b([A-Z][A-Z0-9_]*)=["']?([^\s"';]*)/g)].map(([, name = "", value = ""]) => [name, value]);
}

/** Guards over the repository. Source: docs/releases.md. */
export const REPOSITORY_RULES: {
  readonly [
    Id in "G-01" | "G-02" | "G-03" | "G-04" | "G-05" | "G-06" | "G-07" | "G-08" | "G-09" | "G-10"
  ]: Rule<"repository">;
} = {
  "G-01": repositoryRule("nothing that is deployed replaces or disables the policy", (evidence, sheet) => {
    for (const { file, key, text } of scalars(evidence)) {
      for (const [name, value] of [[key, text] as const, ...assignments(text)]) {
        const isForbidden = FORBIDDEN_NAME.test(name) || FORBIDDEN_VALUE.get(name)?.test(value.trim()) === true;
        sheet.expect(!isForbidden, `${file} sets ${name}`, file);
      }
    }
  }),
  "G-02": repositoryRule("KMS and node image have one version", (evidence, sheet) => {
    const { kmsVersion, lockedKmsVersions, before } = evidence;
    sheet.expect(
      lockedKmsVersions.length === 1 && lockedKmsVersions[0] === kmsVersion,
      `the lockfile has the KMS as ${lockedKmsVersions.join(", ") || "nothing"}, the package as ${kmsVersion}`,
    );
    if (evidence.versionsFile === undefined) {
      sheet.unasked(NO_IMAGE);
      return;
    }
    const manifest = parseDocument("versions.json", evidence.versionsFile, versionsManifest);
    if (!manifest.ok) {
      sheet.lack("versions.json");
      return;
    }
    const { imageVersion } = manifest.value.value;
    if ((evidence.versionSyncWaiver ?? "") !== "") return;
    sheet.expect(
      imageVersion === kmsVersion,
      `KMS and merod versions must be bumped together: the KMS is ${kmsVersion}, versions.json ${imageVersion}`,
      "versions.json",
    );
    const hasOneBump =
      before !== undefined && (before.kmsVersion === kmsVersion) !== (before.imageVersion === imageVersion);
    sheet.expect(!hasOneBump, "only one of the two versions was bumped", "versions.json");
  }),
  "G-03": repositoryRule("who changes the lanes changes the docs", (evidence, sheet) => {
    const { changedPaths, directories, versionsFile } = evidence;
    const required = versionsFile === undefined ? LANE_PATHS : [...LANE_PATHS, ...IMAGE_PATHS];
    for (const directory of [...required, DOCS_DIRECTORY]) {
      sheet.expect(directories.has(directory), `the guarded directory ${directory} does not exist`, directory);
    }
    if (changedPaths === undefined) {
      sheet.unasked("no change was given");
      return;
    }
    const guarded = changedPaths.filter((path) =>
      [...LANE_PATHS, ...IMAGE_PATHS].some((directory) => path.startsWith(`${directory}/`)),
    );
    const isDocumented = changedPaths.some((path) => path.startsWith(`${DOCS_DIRECTORY}/`) || path === "README.md");
    sheet.expect(
      guarded.length === 0 || isDocumented,
      `${guarded.join(", ")} changed, and neither docs/ nor README.md`,
      ...guarded,
    );
  }),
  "G-04": repositoryRule("releases come from master", ({ publishRef }, sheet) => {
    if (publishRef === undefined) sheet.unasked("no release is being published");
    else sheet.expect(publishRef === "refs/heads/master", `a release is published from ${publishRef}`);
  }),
  "G-05": repositoryRule("images are named by digest", (evidence, sheet) => {
    for (const { file, key, text } of scalars(evidence)) {
      const reference =
        key === "image" ? text : /^docker:\/\/(?<image>.+)$/.exec(key === "uses" ? text : "")?.groups?.["image"];
      if (reference === undefined || /^__[A-Z_]+__$/.test(reference)) continue;
      sheet.expect(
        /@sha256:[0-9a-f]{64}$/.test(reference),
        `${file} names the image ${reference} without its digest`,
        file,
      );
    }
  }),
  "G-06": repositoryRule("versions.json has its form", ({ versionsFile, directories }, sheet) => {
    if (versionsFile === undefined) {
      if (IMAGE_PATHS.some((directory) => directories.has(directory)))
        sheet.fault("there is an image, and no versions.json");
      else sheet.unasked(NO_IMAGE);
      return;
    }
    const manifest = parseDocument("versions.json", versionsFile, versionsManifest);
    for (const problem of manifest.ok ? [] : manifest.error)
      sheet.fault(describeDocumentProblem(problem), "versions.json");
  }),
  "G-07": repositoryRule("the merod release has what the image needs", ({ merodAssets }, sheet) => {
    if (merodAssets === undefined) {
      sheet.unasked("the assets of the merod release were not given");
      return;
    }
    for (const name of ["merod", "meroctl", "mero-auth"]) {
      const file = `${name}_x86_64-unknown-linux-gnu.tar.gz`;
      sheet.expect(merodAssets.includes(file), `the merod release lacks ${file}`, file);
    }
  }),
  "G-08": repositoryRule(
    "workflows run pinned actions, with stated permissions, and no foreign text in a shell",
    (evidence, sheet) => {
      for (const { file, key, text } of scalars(evidence).filter((each) => isWorkflow(each.file))) {
        if (key === "uses" && !text.startsWith("./") && !text.startsWith("docker://")) {
          sheet.expect(/^[^@\s]+@[0-9a-f]{40}$/.test(text), `${file} uses ${text}, which is no commit`, file);
        }
        if (key === "run")
          sheet.expect(
            !UNTRUSTED.test(text),
            `${file} puts foreign text into a shell: ${UNTRUSTED.exec(text)?.[0] ?? ""}`,
            file,
          );
      }
      for (const { path, value } of evidence.configuration.filter((each) => isWorkflow(each.path))) {
        for (const [name, job] of jobsOf(value)) {
          const hasPermissions = typeof job === "object" && job !== null && "permissions" in job;
          sheet.expect(hasPermissions, `${path}: job ${name} states no permissions`, path);
        }
      }
    },
  ),
  "G-09": repositoryRule("the probe ran on the release's commit", ({ probe }, sheet) => {
    if (probe === undefined) sheet.unasked("no probe run was given");
    else
      sheet.expect(
        probe.headSha === probe.releaseCommit,
        `the probe ran on ${probe.headSha}, the release is ${probe.releaseCommit}`,
      );
  }),
  "G-10": repositoryRule("the deployed composition is the reviewed one", ({ appCompose }, sheet) => {
    if (appCompose === undefined) {
      sheet.unasked("no app-compose was given");
      return;
    }
    const members: ReadonlyMap<string, unknown> = new Map(Object.entries(appCompose.document ?? {}));
    const compose = members.get("docker_compose_file");
    const text = typeof compose === "string" ? compose : "";
    sheet.expect(text.includes(appCompose.version), `the composition does not name version ${appCompose.version}`);
    sheet.expect(text.includes(appCompose.profile), `the composition does not name profile ${appCompose.profile}`);
    sheet.expect(!text.includes("${"), "the composition has a ${…} that the deployer fills in");
    for (const script of ["pre_launch_script", "init_script"]) {
      sheet.expect((members.get(script) ?? "") === "", `the composition runs a ${script}`);
    }
    const allowed = JSON.stringify(members.get("allowed_envs") ?? []);
    sheet.expect(allowed === "[]" || allowed === '["REDIS_URL"]', `the deployer may set ${allowed}`);
    sheet.expect(members.get("secure_time") === true, "the composition does not demand secure_time");
    const provider = members.get("key_provider_id");
    sheet.expect(
      typeof provider === "string" && /^[0-9a-f]{2,}$/.test(provider),
      "the composition names no key_provider_id",
    );
  }),
};

function jobsOf(workflow: unknown): readonly (readonly [name: string, job: unknown])[] {
  const jobs = typeof workflow === "object" && workflow !== null && "jobs" in workflow ? workflow.jobs : null;
  return typeof jobs === "object" && jobs !== null ? Object.entries(jobs) : [];
}
