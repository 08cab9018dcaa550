import type { Report } from "@mero-tee/appraisal";
import { MEASUREMENT_REGISTERS } from "@mero-tee/tdx-quote";
import { useId, useState, type ReactElement } from "react";

import { FILE_LIMIT_BYTES } from "../../basket.ts";
import { BUILD } from "../../build-facts.ts";
import { TEXT } from "../../messages.ts";
import { usePage } from "../../page.ts";
import { StatusMark } from "../../ui/status-mark.tsx";
import { VerdictIcon } from "../../ui/verdict-icon.tsx";
import type { FileCheck, GivenFile } from "../../worker/protocol.ts";
import { ValueDiffView } from "../diff/value-diff.tsx";
import { isShownAsSimulated, withoutPraise } from "../report/shown-class.ts";
import css from "./compare.module.css";
import { ReleaseComparison } from "./release-comparison.tsx";
import { ReleaseSide } from "./release-side.tsx";
import { kindOfTag } from "./signed-registers.ts";

/** A file that was judged. */
interface Judged {
  readonly file: GivenFile;
  readonly report: Report;
}
type Side = Judged | null;

/** What the first file is compared with. */
type Other =
  | { readonly kind: "nothing"; readonly note: string }
  | { readonly kind: "file"; readonly judged: Judged }
  | { readonly kind: "release"; readonly tag: string; readonly report: Report };

const NOTHING: Other = { kind: "nothing", note: "" };

/** One file beside another, each judged anew on this device, or beside a release. */
export function CompareScreen(): ReactElement {
  const { session } = usePage();
  const [left, setLeft] = useState<Side>(null);
  const [other, setOther] = useState<Other>(NOTHING);
  async function askRelease({ file, report }: Judged, tag: string): Promise<void> {
    setOther({ kind: "nothing", note: TEXT.report.checking });
    const outcome = await session.judge(fileCheck(file, report.kind ?? kindOfTag(tag), tag));
    // As of the day on which the file was saved: whether its collateral has ended since is no matter here.
    const judged = outcome?.earlier?.report ?? outcome?.report;
    setOther(
      judged === undefined
        ? { kind: "nothing", note: TEXT.problem.what.exception }
        : { kind: "release", tag, report: judged },
    );
  }
  return (
    <div className={css["page"]}>
      <h1>{TEXT.compare.title}</h1>
      <p className={css["promise"]}>{TEXT.compare.promise}</p>
      <div className={css["pickers"]}>
        <SidePicker
          label={TEXT.compare.left}
          onJudged={(judged) => {
            setLeft(judged);
            if (other.kind === "release") setOther(NOTHING);
          }}
        />
        <SidePicker
          label={TEXT.compare.right}
          onJudged={(judged) => setOther(judged === null ? NOTHING : { kind: "file", judged })}
        />
        {BUILD.flavour !== "single" && (
          <ReleaseSide
            onTag={left === null ? null : (tag) => void askRelease(left, tag)}
            note={other.kind === "nothing" ? other.note : ""}
          />
        )}
      </div>
      {left !== null && other.kind === "file" && <Comparison left={left.report} right={other.judged.report} />}
      {left !== null && other.kind === "release" && <ReleaseComparison tag={other.tag} report={other.report} />}
    </div>
  );
}

interface SidePickerProps {
  readonly label: string;
  readonly onJudged: (judged: Side) => void;
}

function SidePicker({ label, onJudged }: SidePickerProps): ReactElement {
  const { session } = usePage();
  const id = useId();
  const [note, setNote] = useState("");
  async function take(chosen: File | undefined): Promise<void> {
    onJudged(null);
    if (chosen === undefined) return;
    if (chosen.size > FILE_LIMIT_BYTES) return setNote(TEXT.input.tooLarge(chosen.name, chosen.size));
    setNote(TEXT.report.checking);
    const file: GivenFile = { name: chosen.name, bytes: new Uint8Array(await chosen.arrayBuffer()) };
    const outcome = await session.judge(fileCheck(file, null, null));
    setNote(outcome === null ? TEXT.problem.what.exception : "");
    onJudged(outcome === null ? null : { file, report: outcome.report });
  }
  return (
    <div className={css["picker"]}>
      <label htmlFor={id}>{label}</label>
      <input id={id} type="file" onChange={(event) => void take(event.target.files?.[0])} />
      <p role="status">{note}</p>
    </div>
  );
}

/** Judges one file; only with a release to compare with, something is fetched. */
function fileCheck(file: GivenFile, kind: Report["kind"], tag: string | null): FileCheck {
  return {
    origin: "file",
    kind,
    files: [file],
    expected: { tag, profile: null, bindingHex: null, isStrict: false },
    nonceHex: null,
    applicationHashHex: null,
    fetchesMissing: tag !== null,
  };
}

function Comparison({ left, right }: { readonly left: Report; readonly right: Report }): ReactElement {
  const registers = MEASUREMENT_REGISTERS.map((name) => ({
    name: name.toUpperCase(),
    left: left.facts.quote?.[name] ?? "",
    right: right.facts.quote?.[name] ?? "",
  }));
  const differing = registers.filter((register) => register.left !== register.right);
  const isSimulated = isShownAsSimulated(left) || isShownAsSimulated(right);
  const steps = left.steps.flatMap((step) => {
    const other = right.steps.find(({ id }) => id === step.id);
    return other === undefined || other.status === step.status || step.id === "verdict" ? [] : [{ step, other }];
  });
  return (
    <section className={css["result"]} data-class={isSimulated ? "simulated" : "production"}>
      <h2>{TEXT.compare.verdicts}</h2>
      <div className={css["pickers"]}>
        {([left, right] as const).map((report, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- the two sides never change places
          <p key={index} className={css["verdict"]} data-verdict={report.verdict}>
            <VerdictIcon verdict={report.verdict} /> {TEXT.verdict[report.verdict]}
          </p>
        ))}
      </div>
      <h2>{TEXT.compare.registers}</h2>
      <p>{differing.length === 0 ? TEXT.compare.same : TEXT.compare.differ(differing.length)}</p>
      {differing.map((register) => (
        <section key={register.name}>
          <h3>{register.name}</h3>
          <ValueDiffView
            expected={register.left}
            observed={register.right}
            name={register.name}
            labels={[TEXT.compare.first, TEXT.compare.second]}
          />
        </section>
      ))}
      <h2>{TEXT.compare.steps}</h2>
      {steps.length === 0 ? (
        <p>{TEXT.compare.noSteps}</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{TEXT.compare.step}</th>
              <th scope="col">{TEXT.compare.first}</th>
              <th scope="col">{TEXT.compare.second}</th>
            </tr>
          </thead>
          <tbody>
            {steps.map(({ step, other }) => (
              <tr key={step.id}>
                <th scope="row">{isSimulated ? withoutPraise(step.title) : step.title}</th>
                <td>
                  <StatusMark status={step.status} isSimulated={isSimulated} />
                </td>
                <td>
                  <StatusMark status={other.status} isSimulated={isSimulated} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
