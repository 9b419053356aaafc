import { execa } from 'execa';
import { MOST_ANSWER } from './complete.ts';
import type { Completion, Model } from './complete.ts';

/** A command that reads the prompt from its standard input and prints the answer. */
export const execModel = (command: string): Model => ({
  name: `exec:${command}`,
  async complete(prompt, signal): Promise<Completion> {
    const done = await execa('/bin/sh', ['-c', command], {
      input: `${prompt.instructions}\n\n${prompt.text}\n`,
      reject: false,
      cancelSignal: signal,
      forceKillAfterDelay: 1000,
      maxBuffer: MOST_ANSWER,
      stripFinalNewline: true,
    });
    if (signal.aborted) return { ok: false, reason: 'no answer in time', fatal: false };
    if (done.isMaxBuffer) return { ok: false, reason: `more than ${MOST_ANSWER} characters of answer`, fatal: false };
    if (done.failed)
      return { ok: false, reason: `the command fails: ${firstLine(done.stderr) || done.shortMessage}`, fatal: false };
    return { ok: true, text: done.stdout };
  },
});
const firstLine = (text: string): string => text.split('\n')[0] ?? '';
