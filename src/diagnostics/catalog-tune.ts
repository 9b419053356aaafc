import { error, warning } from './rule.ts';

/** What measuring, tuning and keeping records report. */
export const TUNE = {
  'store-open': warning<{ path: string; reason: string }>(
    (p) => `cannot keep records in \`${p.path}\`: ${p.reason}`,
    'this run keeps its results in memory and prints them; they are not there for the next one',
  ),
  'store-newer': warning<{ path: string; found: number; known: number }>(
    (p) => `\`${p.path}\` was written by a newer ktune (format ${p.found}, this one knows ${p.known})`,
    'upgrade ktune, or name another folder; this run keeps its results in memory',
  ),
  'store-write': warning<{ path: string; reason: string; pending: number }>(
    (p) => `${p.pending} results could not be written to \`${p.path}\`: ${p.reason}`,
    'they are printed below, and only there; free some space to keep the next ones',
  ),
  'no-study': error<{ path: string; wanted: string }>(
    (p) => (p.wanted === '' ? `\`${p.path}\` holds no study` : `\`${p.path}\` holds no study of ${p.wanted}`),
    'run `ktune tune` first; KTUNE_DIR says where records are kept',
  ),
  'export-format': error<{ study: string; reason: string }>(
    (p) => `study ${p.study} cannot be exported: ${p.reason}`,
    'tune again with --fresh',
  ),
  'llm-name': error<{ text: string; reason: string }>(
    (p) => `--llm ${p.text}: ${p.reason}`,
    'give openai:MODEL, anthropic:MODEL, http://HOST/v1#MODEL, exec:COMMAND or replay:FILE',
  ),
  'llm-failed': warning<{ model: string; reasons: string }>(
    (p) => `guidance by ${p.model} failed: ${p.reasons}`,
    'the search went on without it; its result stands on measurements alone',
  ),
  'llm-log': warning<{ path: string; reason: string }>(
    (p) => `calls of the model could not be kept in \`${p.path}\`: ${p.reason}`,
    'name another file with --llm-log',
  ),
  'llm-unused': error<{ strategy: string }>(
    (p) => `strategy ${p.strategy} asks no language model`,
    'use --strategy auto or llm with --llm, or leave --llm out',
  ),
  'lock-write': error<{ path: string; reason: string }>(
    (p) => `cannot write \`${p.path}\`: ${p.reason}`,
    'the winner is printed; make the folder writable and run the same command again',
  ),
  'lock-read': error<{ path: string; reason: string }>(
    (p) => `\`${p.path}\` is not a ktune.lock of this version: ${p.reason}`,
    'restore the file, or delete it and tune again',
  ),
  'scratch-write': error<{ path: string; reason: string }>(
    (p) => `cannot write inputs to \`${p.path}\`: ${p.reason}`,
    'set TMPDIR to a folder with room for all inputs',
  ),
  'runner-build': error<{ detail: string }>(
    (p) => `the runner could not be built: ${p.detail}`,
    'measuring needs g++ with C++17; `ktune doctor` prints what to install',
  ),
  'runner-broken': error<{ detail: string }>(
    (p) => `the runner does not stay up: ${p.detail}`,
    'results so far are kept; `ktune doctor` tries it alone',
  ),
  'memory-short': error<{ bytes: number; detail: string }>(
    (p) => `the arrays of this shape (${Math.ceil(p.bytes / 2 ** 20)} MiB) cannot be allocated: ${p.detail}`,
    'choose a smaller shape',
  ),
  'objects-write': error<{ log: string }>(
    (p) => `compiled kernels cannot be written anywhere: ${p.log}`,
    'free some space, or set TMPDIR to a folder with room; the same command continues from here',
  ),
  'compiler-missing': error<{ log: string }>(
    (p) => `no compiler for this target: ${p.log}`,
    '`ktune doctor` prints what to install',
  ),
  'default-fails': warning<{ detail: string }>((p) => `the default config fails: ${p.detail}`),
  'no-valid-config': error<{ tried: number; reasons: string }>(
    (p) => `none of ${p.tried} configs compiled, verified and ran within the budget`,
    (p) => (p.reasons === '' ? 'raise the budget' : `why: ${p.reasons}`),
  ),
  'machine-noisy': warning<{ percent: number }>(
    (p) => `this machine was busy: the same kernel differed by ${p.percent.toFixed(1)} % between two measurements`,
    'close other programs, or raise the budget',
  ),
} as const;
