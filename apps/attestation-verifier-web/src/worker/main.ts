import { type Anchors, recogniseInputs, type Step } from "@mero-tee/appraisal";

import { compiledAnchors } from "./anchors.ts";
import type { LivePorts } from "./live-check.ts";
import type { Answer, Problem, Question, TestRoot } from "./protocol.ts";
import { createReferenceSource } from "./reference-client.ts";
import { fetchTags } from "./release-client.ts";
import { runAgain, runCheck } from "./run-check.ts";

/** Everything that judges evidence runs here, off the page's own thread. */
const ports: LivePorts = {
  now: () => Math.floor(Date.now() / 1000),
  elapsedMs: () => performance.now(),
  randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
};

const EXCEPTION: Problem = { code: "exception", facts: [], retryAfterSeconds: null };

function say(answer: Answer): void {
  postMessage(answer);
}

async function anchorsFor(testRoot: TestRoot | null): Promise<Anchors | null> {
  // Written so that the bundler sees it: no other build holds anything of a simulated platform.
  if (import.meta.env.MODE === "sim") {
    const { loadSimulatedAnchors } = await import("./simulated-anchors-client.ts");
    return await loadSimulatedAnchors();
  }
  const anchors = compiledAnchors();
  return testRoot === null ? anchors : { ...anchors, rootCa: testRoot.rootDer };
}

async function answerTo(question: Question): Promise<void> {
  const { id } = question;
  switch (question.type) {
    case "recognise":
      // One at a time: together they would be judged as one, and each is to be described by itself.
      return say({
        type: "recognised",
        id,
        inputs: question.files.flatMap((file) => recogniseInputs([file]).inputs),
      });
    case "tags":
      return say({ type: "tags", id, tags: await fetchTags(question.kind, createReferenceSource()) });
    case "fetch-again": {
      const anchors = await anchorsFor(question.testRoot);
      if (anchors === null) return say({ type: "refused", id, problem: EXCEPTION });
      const onSteps = (steps: readonly Step[]): void => say({ type: "steps", id, steps });
      const outcome = await runAgain(question.outcome, question.source, anchors, ports, onSteps);
      return say({ type: "finished", id, outcome });
    }
    case "check": {
      const anchors = await anchorsFor(question.testRoot);
      if (anchors === null) return say({ type: "refused", id, problem: EXCEPTION });
      const run = await runCheck(question.check, anchors, ports, (steps) => say({ type: "steps", id, steps }));
      if (!run.ok) return say({ type: "refused", id, problem: run.error });
      // The site's server knows nothing of a root that the reader loaded.
      const outcome = question.testRoot === null ? run.value : { ...run.value, differingServerVerdict: null };
      return say({ type: "finished", id, outcome });
    }
  }
}

addEventListener("message", (event: MessageEvent<Question>) => {
  answerTo(event.data).catch(() => say({ type: "refused", id: event.data.id, problem: EXCEPTION }));
});
