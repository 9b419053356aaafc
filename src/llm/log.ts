import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { promptHash } from './complete.ts';
import type { Completion, Model } from './complete.ts';

/** One call of a model, as a line of JSON. Prompts are kept by their hash and in full: a run can be replayed and read. */
const call = z.object({
  model: z.string(),
  version: z.string(),
  promptHash: z.string(),
  instructions: z.string(),
  prompt: z.string(),
  ms: z.number(),
  /** Absent where the call failed. */
  answer: z.string().optional(),
  failure: z.string().optional(),
  /** True where asking again would fail in the same way. */
  fatal: z.boolean().optional(),
  /** Why an answer could not be used, in words. */
  problem: z.string().optional(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  /** True where the service did not tell the tokens. */
  estimated: z.boolean(),
  cost: z.number().optional(),
  proposed: z.number(),
  valid: z.number(),
  novel: z.number(),
});
export type Call = z.infer<typeof call>;
export const callSchema = call;

/** Where the calls of a study are kept, so that a study that goes on asks nothing twice. */
export interface CallMemory {
  /** Calls of earlier runs in their order. */
  calls(study: string): readonly Call[];
  keep(study: string, number: number, c: Call): void;
}

/** Appends calls to a file; one that cannot be written costs the log, not the search. */
export function fileLog(path: string, onProblem: (reason: string) => void): (c: Call) => void {
  return (c) => {
    try {
      mkdirSync(dirname(path), { recursive: true });
      appendFileSync(path, `${JSON.stringify(c)}\n`);
    } catch (error) {
      onProblem(error instanceof Error ? error.message : String(error));
    }
  };
}

/** What a kept call was answered. */
export const completionOf = (c: Call): Completion =>
  c.answer === undefined
    ? { ok: false, reason: c.failure ?? 'failed', fatal: c.fatal ?? false }
    : { ok: true, text: c.answer, inputTokens: c.inputTokens, outputTokens: c.outputTokens };

/** A model that gives the answers of a recorded run, without any network: that to the same prompt where there is one, else the next in order. */
export function replayModel(
  path: string,
): { readonly ok: true; readonly model: Model } | { readonly ok: false; readonly reason: string } {
  let calls: readonly Call[];
  try {
    const lines = readFileSync(path, 'utf8')
      .split('\n')
      .filter((l) => l !== '');
    calls = lines.map((l) => call.parse(JSON.parse(l)));
  } catch (error) {
    return { ok: false, reason: error instanceof z.ZodError ? 'is not a log of calls' : String(error) };
  }
  let left = calls;
  return {
    ok: true,
    model: {
      name: `replay:${path}`,
      complete(prompt): Promise<Completion> {
        const hash = promptHash(prompt);
        const c = left.find((x) => x.promptHash === hash) ?? left[0];
        left = left.filter((x) => x !== c);
        return Promise.resolve(
          c === undefined
            ? { ok: false, reason: `the log has ${calls.length} calls, and this is one more`, fatal: true }
            : completionOf(c),
        );
      },
    },
  };
}
