import type { Report } from "@mero-tee/appraisal";
import { MEASUREMENT_REGISTERS } from "@mero-tee/tdx-quote";
import { useId, useState, type ReactElement } from "react";

import { FILE_LIMIT_BYTES } from "../../basket.ts";
import { TEXT } from "../../messages.ts";
import { usePage } from "../../page.ts";
import { StatusMark } from "../../ui/status-mark.tsx";
import { VerdictIcon } from "../../ui/verdict-icon.tsx";
import type { FileCheck } from "../../worker/protocol.ts";
import { ValueDiffView } from "../diff/value-diff.tsx";
import { isShownAsSimulated, withoutPraise } from "../report/shown-class.ts";
import css from "./compare.module.css";

type Side = Report | null;

/** Two files, each judged anew on this device, side by side. */
export function CompareScreen(): ReactElement {
  const [sides, setSides] = useState<readonly [Side, Side]>([null, null]);
  const [left, right] = sides;
  return (
    <div className={css["page"]}>
      <h1>{TEXT.compare.title}</h1>
      <p>{TEXT.compare.promise}</p>
      <div className={css["pickers"]}>
        <SidePicker label={TEXT.compare.left} onReport={(report) => setSides([report, right])} />
        <SidePicker label={TEXT.compare.right} onReport={(report) => setSides([left, report])} />
      </div>
      {left !== null && right !== null && <Comparison left={left} right={right} />}
    </div>
  );
}

interface SidePickerProps {
  readonly label: string;
  readonly onReport: (report: Side) => void;
}

function SidePicker({ label, onReport }: SidePickerProps): ReactElement {
  const { session } = usePage();
  const id = useId();
  const [note, setNote] = useState("");
  async function take(file: File | undefined): Promise<void> {
    onReport(null);
    if (file === undefined) return;
    if (file.size > FILE_LIMIT_BYTES) return setNote(TEXT.input.tooLarge(file.name, file.size));
    setNote(TEXT.report.checking);
    const outcome = await session.judge(fileCheck(file.name, new Uint8Array(await file.arrayBuffer())));
    setNote(outcome === null ? TEXT.problem.what.exception : "");
    onReport(outcome?.report ?? null);
  }
  return (
    <div className={css["picker"]}>
      <label htmlFor={id}>{label}</label>
      <input id={id} type="file" onChange={(event) => void take(event.target.files?.[0])} />
      <p role="status">{note}</p>
    </div>
  );
}

function fileCheck(name: string, bytes: Uint8Array<ArrayBuffer>): FileCheck {
  return {
    origin: "file",
    kind: null,
    files: [{ name, bytes }],
    expected: { tag: null, profile: null, bindingHex: null, isStrict: false },
    nonceHex: null,
    fetchesMissing: false,
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
