import { count } from '../../codegen/space/enumerate.ts';
import { showConfig, toDiff } from '../../codegen/space/config.ts';
import { describe } from '../../codegen/space/fragment.ts';
import type { Command } from '../command.ts';
import type { CommonArgs } from '../context.ts';
import { EXIT } from '../exit.ts';
import { requireTarget } from '../host.ts';
import { loadRight } from '../load.ts';
import { withSubject, withTarget } from '../options.ts';
import { choose } from '../subject.ts';
import type { SubjectArgs } from '../subject.ts';
import { table } from '../table.ts';

interface Args extends CommonArgs, SubjectArgs {
  readonly file: string;
  readonly target: string;
}

export const space: Command<Args> = {
  usage: 'space <file>',
  help: 'Show what a tune would search: parameters, number of valid configs, seeds',
  options: (y) => withTarget(withSubject(y)),
  async run(args, { io }) {
    const chosen = choose(loadRight(io, args.file), args);
    const target = await requireTarget(args.target, 'emit');
    const s = target.backend.space(chosen.graph, target.arch, { dims: chosen.sizes });
    const n = count(s);
    const params = s.params.map((p) => ({
      name: p.name,
      values: describe(p),
      default: p.default,
      help: p.help,
      when: p.when ?? null,
    }));
    const text = [
      `${chosen.op.name} on ${target.name}: ${n.exact ? '' : 'more than '}${n.count} valid configs`,
      '',
      table(
        ['parameter', 'values', 'default', 'what it does'],
        params.map((p) => [p.name, p.values, String(p.default), p.help]),
      ),
      '',
      'seeds:',
      ...s.seeds.map((c) => `  ${showConfig(s, c)}`),
    ].join('\n');
    const result = {
      op: chosen.op.name,
      target: target.name,
      fingerprint: s.fingerprint,
      count: n,
      params,
      seeds: s.seeds.map((c) => toDiff(s, c)),
    };
    return { exit: EXIT.ok, result, text };
  },
};
