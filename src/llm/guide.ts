import { configId } from '../codegen/space/config.ts';
import type { Guide } from '../tuner/guide.ts';
import { readAnswer } from './answer.ts';
import type { Proposals } from './answer.ts';
import type { Completion, Model, Prompt } from './complete.ts';
import { promptHash } from './complete.ts';
import { completionOf } from './log.ts';
import type { Call, CallMemory } from './log.ts';
import { PROMPT_VERSION, proposal } from './prompt.ts';
import type { Brief } from './prompt.ts';

/** What a search may spend on a model. Price in money for a million tokens. */
export interface LlmBudget {
  readonly rounds: number;
  readonly tokens: number;
  readonly cost: number;
  readonly price?: { readonly input: number; readonly output: number };
  readonly timeoutMs: number;
}
export interface LlmReport {
  readonly model: string;
  readonly calls: number;
  /** Of them, answered from the records of an earlier run. */
  readonly recalled: number;
  readonly failures: readonly string[];
  readonly proposed: number;
  readonly valid: number;
  readonly novel: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cost: number | undefined;
}

/** What a failed call proposes. */
const NOTHING: Proposals = { configs: [], proposed: 0, rejected: [] };
/** Failures in a row after which a model is not asked again. */
const GIVE_UP = 2;
/** Characters of a token, where a service does not count them. */
const TOKEN = 4;

/** Turns the answers of a model into proposals of a search, within a budget. A model that fails ends the guidance, never the search. */
export function createGuide(
  brief: Brief,
  model: Model,
  budget: LlmBudget,
  signal: AbortSignal,
  log: (c: Call) => void,
  memory?: CallMemory,
): Guide & { readonly report: () => LlmReport; readonly isDone: () => boolean } {
  const spent = { calls: 0, recalled: 0, input: 0, output: 0, proposed: 0, valid: 0, novel: 0 };
  const failures: string[] = [];
  let inARow = 0;
  let rejected: readonly string[] = [];
  let study: string | undefined;
  let remembered: readonly Call[] = [];
  let numbered = 0;
  const price = (input: number, output: number): number | undefined =>
    budget.price && (input * budget.price.input + output * budget.price.output) / 1e6;
  const isDone = (): boolean =>
    signal.aborted ||
    inARow >= GIVE_UP ||
    spent.calls >= budget.rounds ||
    spent.input + spent.output >= budget.tokens ||
    (price(spent.input, spent.output) ?? 0) >= budget.cost;
  const note = (
    prompt: Prompt,
    answer: Completion,
    ms: number,
    used: {
      readonly input: number;
      readonly output: number;
      readonly counts: Pick<Call, 'proposed' | 'valid' | 'novel'>;
      readonly problem: string | undefined;
    },
  ): void => {
    const cost = price(used.input, used.output);
    const call: Call = {
      model: model.name,
      version: PROMPT_VERSION,
      promptHash: promptHash(prompt),
      instructions: prompt.instructions,
      prompt: prompt.text,
      ms,
      ...(answer.ok ? { answer: answer.text } : { failure: answer.reason, fatal: answer.fatal }),
      ...(used.problem === undefined ? {} : { problem: used.problem }),
      inputTokens: used.input,
      outputTokens: used.output,
      estimated: !answer.ok || answer.inputTokens === undefined || answer.outputTokens === undefined,
      ...(cost === undefined ? {} : { cost }),
      ...used.counts,
    };
    log(call);
    if (study !== undefined) memory?.keep(study, numbered++, call);
  };
  return {
    name: 'llm',
    isDone,
    begin(id) {
      study = id;
      remembered = memory?.calls(id) ?? [];
      numbered = remembered.length;
    },
    async propose({ space, rows, want }) {
      if (isDone()) return { kind: 'finished', detail: 'the budget of the model is used up, or it failed too often' };
      spent.calls++;
      const prompt = proposal(brief, space, rows, rejected, want);
      const hash = promptHash(prompt);
      const known = remembered.find((c) => c.promptHash === hash && c.model === model.name);
      remembered = remembered.filter((c) => c !== known);
      const started = performance.now();
      const answer =
        known === undefined
          ? await model.complete(prompt, AbortSignal.any([signal, AbortSignal.timeout(budget.timeoutMs)]))
          : completionOf(known);
      const ms = Math.round(performance.now() - started);
      const estimate = (text: string): number => Math.ceil(text.length / TOKEN);
      const input = (answer.ok ? answer.inputTokens : undefined) ?? estimate(prompt.instructions + prompt.text);
      const output = answer.ok ? (answer.outputTokens ?? estimate(answer.text)) : 0;
      spent.input += input;
      spent.output += output;
      const read = answer.ok ? readAnswer(space, answer.text) : { problem: answer.reason };
      const problem = 'problem' in read ? `${answer.ok ? 'the answer ' : ''}${read.problem}` : undefined;
      const found = 'problem' in read ? NOTHING : read;
      const measured = new Set(rows.map((o) => configId(space, o.config)));
      const distinct = new Map(found.configs.map((c) => [configId(space, c), c]));
      const novel = [...distinct].flatMap(([id, c]) => (measured.has(id) ? [] : [c]));
      if (problem !== undefined) failures.push(problem);
      inARow = problem === undefined ? 0 : inARow + (answer.ok || !answer.fatal ? 1 : GIVE_UP);
      ({ rejected } = found);
      const counts = { proposed: found.proposed, valid: found.configs.length, novel: novel.length };
      spent.proposed += counts.proposed;
      spent.valid += counts.valid;
      spent.novel += counts.novel;
      if (known !== undefined) spent.recalled++;
      // A call that the user cut off says nothing, and the next run asks it again.
      else if (!signal.aborted)
        note(prompt, answer, ms, { input, output, counts, problem: answer.ok ? problem : undefined });
      return problem === undefined ? { kind: 'proposals', configs: novel } : { kind: 'failed', detail: problem };
    },
    report: () => ({
      model: model.name,
      calls: spent.calls,
      recalled: spent.recalled,
      failures,
      proposed: spent.proposed,
      valid: spent.valid,
      novel: spent.novel,
      inputTokens: spent.input,
      outputTokens: spent.output,
      cost: price(spent.input, spent.output),
    }),
  };
}
