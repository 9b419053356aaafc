import { createHash } from 'node:crypto';

/** A request to a language model. */
export interface Prompt {
  readonly instructions: string;
  readonly text: string;
}
export type Completion =
  | { readonly ok: true; readonly text: string; readonly inputTokens?: number; readonly outputTokens?: number }
  /** `fatal`: asking again would fail in the same way. */
  | { readonly ok: false; readonly reason: string; readonly fatal: boolean };

/** A language model, or what stands for one. Never throws. */
export interface Model {
  /** As records name it; holds no secret. */
  readonly name: string;
  complete(prompt: Prompt, signal: AbortSignal): Promise<Completion>;
}

export const promptHash = (p: Prompt): string =>
  createHash('sha256').update(`${p.instructions}\u0000${p.text}`).digest('hex').slice(0, 16);

/** Most characters of an answer that are looked at: a list of configs is a few thousand. */
export const MOST_ANSWER = 200_000;
