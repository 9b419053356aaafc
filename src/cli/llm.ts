import { join, resolve } from 'node:path';
import type { Argv } from 'yargs';
import type { Expr } from '../codegen/ir/stage.ts';
import { sizeUnder } from '../codegen/shapes/eval-size.ts';
import { execModel } from '../llm/exec.ts';
import { createGuide } from '../llm/guide.ts';
import type { LlmReport } from '../llm/guide.ts';
import type { Model } from '../llm/complete.ts';
import { callSchema, fileLog, replayModel } from '../llm/log.ts';
import { pagesFor } from '../llm/knowledge.ts';
import { networkModel } from '../llm/network.ts';
import type { Brief } from '../llm/prompt.ts';
import { diagnostic } from '../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Store } from '../store/records.ts';
import type { Guide } from '../tuner/guide.ts';
import type { CommonArgs, Io } from './context.ts';
import { EXIT } from './exit.ts';
import { paths } from './host.ts';
import type { Target } from './host.ts';
import type { Chosen } from './subject.ts';
import { UserError } from './user-error.ts';

/** Options of a search that a language model guides. */
export interface LlmArgs {
  readonly llm?: string | undefined;
  readonly 'llm-rounds': number;
  readonly 'llm-tokens': number;
  readonly 'llm-price'?: string | undefined;
  readonly 'llm-cost'?: number | undefined;
  readonly 'llm-timeout': number;
  readonly 'llm-log'?: string | undefined;
  readonly knowledge?: string | undefined;
}

export const withLlm = <A extends CommonArgs>(y: Argv<A>): Argv<A & LlmArgs> =>
  y
    .option('llm', {
      type: 'string',
      describe:
        'language model that proposes configs: openai:MODEL, anthropic:MODEL, http://HOST/v1#MODEL, exec:COMMAND, replay:FILE',
    })
    .option('llm-rounds', { type: 'number', default: 4, describe: 'most calls of the model' })
    .option('llm-tokens', {
      type: 'number',
      default: 100_000,
      describe: 'most tokens, of prompts and answers together',
    })
    .option('llm-price', { type: 'string', describe: 'price of a million tokens, of prompts and of answers: 3,15' })
    .option('llm-cost', { type: 'number', describe: 'most that calls may cost by --llm-price' })
    .option('llm-timeout', { type: 'number', default: 120, describe: 'seconds that one call may take' })
    .option('knowledge', {
      type: 'string',
      describe: 'folder of Markdown pages about the target, told to the model before those of ktune',
    })
    .option('llm-log', { type: 'string', describe: 'file that calls are kept in (.ktune/llm.jsonl)' });

/** The model that --llm names. Keys come from the environment alone. */
export function modelNamed(io: Io, spec: string): Model {
  const fail = (reason: string): never => {
    throw new UserError(diagnostic('llm-name', { text: spec, reason }), EXIT.usage);
  };
  const [kind = '', ...more] = spec.split(':');
  const rest = more.join(':');
  if (kind === 'http' || kind === 'https') {
    const [url = '', model = ''] = spec.split('#');
    if (!URL.canParse(url)) return fail('this is no address');
    if (model === '') return fail('the model is missing after #');
    return networkModel({ kind: 'compatible', url, model, key: io.env['KTUNE_LLM_KEY'] });
  }
  if (rest === '') return fail('this names no model');
  switch (kind) {
    case 'openai':
    case 'anthropic': {
      const variable = `${kind.toUpperCase()}_API_KEY`;
      const key = io.env[variable];
      return key === undefined || key === ''
        ? fail(`the variable ${variable} is not set`)
        : networkModel({ kind, model: rest, key });
    }
    case 'exec':
      return execModel(rest);
    case 'replay': {
      const read = replayModel(resolve(io.cwd, rest));
      return read.ok ? read.model : fail(read.reason);
    }
    default:
      return fail(`${kind} is no kind of model`);
  }
}

/** Guidance of a search, and what is to be said of it afterwards. */
export interface Guidance {
  readonly guide: Guide;
  readonly report: () => LlmReport;
  readonly problems: () => readonly Diagnostic[];
}

export function guidance(
  io: Io,
  args: LlmArgs & { readonly llm: string },
  chosen: Chosen,
  target: Target,
  store: Store,
): Guidance {
  const model = modelNamed(io, args.llm);
  const price = priceOf(args['llm-price']);
  const path = args['llm-log'] === undefined ? join(paths(io).root, 'llm.jsonl') : resolve(io.cwd, args['llm-log']);
  const knowledge = args.knowledge === undefined ? undefined : resolve(io.cwd, args.knowledge);
  const lost = new Set<string>();
  const guide = createGuide(
    briefOf(chosen, target, knowledge),
    model,
    {
      rounds: args['llm-rounds'],
      tokens: args['llm-tokens'],
      cost: args['llm-cost'] ?? Infinity,
      ...(price === undefined ? {} : { price }),
      timeoutMs: args['llm-timeout'] * 1000,
    },
    io.signal,
    fileLog(path, (reason) => lost.add(reason)),
    {
      calls: (study) => store.calls(study).map((c) => callSchema.parse(JSON.parse(c.call))),
      keep: (study, number, c) =>
        store.call(study, { number, prompt_hash: c.promptHash, model: c.model, call: JSON.stringify(c) }),
    },
  );
  return {
    guide,
    report: guide.report,
    problems: () => {
      const { failures, model: name } = guide.report();
      return [
        ...(failures.length > 0
          ? [diagnostic('llm-failed', { model: name, reasons: [...new Set(failures)].join('; ') })]
          : []),
        ...[...lost].map((reason) => diagnostic('llm-log', { path, reason })),
      ];
    },
  };
}

function priceOf(text: string | undefined): { readonly input: number; readonly output: number } | undefined {
  if (text === undefined) return undefined;
  const [input, output, ...more] = text.split(',').map(Number);
  if (input === undefined || output === undefined || more.length > 0 || !(input >= 0) || !(output >= 0))
    throw new UserError(
      diagnostic('argument-form', { option: 'llm-price', text, form: 'PROMPT,ANSWER, such as 3,15' }),
      EXIT.usage,
    );
  return { input, output };
}

function briefOf(chosen: Chosen, { backend, arch, name }: Target, knowledge: string | undefined): Brief {
  const made = backend.emit(chosen.graph, arch, {}, { dims: chosen.sizes }, 'kernel');
  const amount = (e: Expr, unit: string): string => {
    const n = sizeUnder(e, chosen.sizes);
    return n === undefined ? `an unknown number of ${unit}` : `${n.toExponential(2)} ${unit}`;
  };
  const list = (of: Readonly<Record<string, unknown>>): string =>
    Object.entries(of)
      .map(([k, v]) => `${k}=${String(v)}`)
      .join(' ') || 'none';
  return {
    source: chosen.loaded.text.trim(),
    types: list(chosen.op.types),
    shape: list(chosen.sizes),
    target: name,
    figures: Object.entries(arch.figures).map(([k, f]) => `${k}: ${f.value} ${f.unit}`),
    patterns: made.ok ? made.emitted.patterns.join(', ') : 'none',
    bytes: made.ok ? amount(made.emitted.cost.bytes, 'bytes') : 'unknown',
    flops: made.ok ? amount(made.emitted.cost.flops, 'operations') : 'unknown',
    pages: made.ok ? pagesFor(backend.name, made.emitted.patterns, knowledge) : [],
  };
}
