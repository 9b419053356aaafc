import { printGraph } from '../../codegen/ir/print.ts';
import { patternsOf } from '../../codegen/plan/print.ts';
import { plans } from '../../codegen/plan/planner.ts';
import { stagesOf } from '../../codegen/plan/plan.ts';
import { inputRoles } from '../../verify/roles.ts';
import type { Command } from '../command.ts';
import { configFrom } from '../config-arg.ts';
import type { CommonArgs } from '../context.ts';
import { DUMPS, dumpAfter } from '../dump.ts';
import type { Dump } from '../dump.ts';
import { EXIT } from '../exit.ts';
import { requireTarget } from '../host.ts';
import { loadRight } from '../load.ts';
import { withConfig, withSubject, withTarget } from '../options.ts';
import { choose } from '../subject.ts';
import type { SubjectArgs } from '../subject.ts';

interface Args extends CommonArgs, SubjectArgs {
  readonly file: string;
  readonly target: string;
  readonly config: readonly string[] | undefined;
  readonly 'dump-after': Dump | undefined;
}

export const explain: Command<Args> = {
  usage: 'explain <file>',
  help: 'Show how an operator is understood: stages, the ways to group them into kernels, roles of inputs',
  options: (y) =>
    withConfig(withTarget(withSubject(y))).option('dump-after', {
      choices: DUMPS,
      describe: 'print what one stage of the compiler makes of the operator instead',
    }),
  async run(args, { io }) {
    const chosen = choose(loadRight(io, args.file), args);
    const stage = args['dump-after'];
    if (stage !== undefined) {
      const target = await requireTarget(args.target, 'emit');
      const space = target.backend.space(chosen.graph, target.arch, { dims: chosen.sizes });
      const text = dumpAfter(stage, chosen, target, configFrom(space, args.config));
      return {
        exit: EXIT.ok,
        result: { op: chosen.op.name, types: chosen.op.types, stage, text },
        text: text.trimEnd(),
      };
    }
    const types = Object.entries(chosen.op.types)
      .map(([k, t]) => `${k}=${t}`)
      .join(' ');
    const found = plans(chosen.graph).map((p) => ({
      name: p.name,
      kernels: p.kernels.map((k, n) => ({
        name: k.name,
        pattern: patternsOf(p)[n] ?? '',
        stages: stagesOf(k.root).map((s) => s.name),
      })),
    }));
    const roles = [...inputRoles(chosen.graph)].map(([name, role]) => ({ name, role: role.kind }));
    const text = [
      `${chosen.op.name}${types === '' ? '' : ` with ${types}`}`,
      '',
      'stage graph:',
      printGraph(chosen.graph).trimEnd(),
      '',
      'plans:',
      ...found.map(
        (p) => `  ${p.name}: ${p.kernels.map((k) => `${k.pattern} [${k.stages.join(' → ')}]`).join('  then  ')}`,
      ),
      '',
      'inputs:',
      ...roles.map((r) => `  ${r.name}: ${ROLES[r.role]}`),
    ].join('\n');
    return {
      exit: EXIT.ok,
      result: { op: chosen.op.name, types: chosen.op.types, graph: printGraph(chosen.graph), plans: found, roles },
      text,
    };
  },
};

const ROLES: Readonly<Record<string, string>> = {
  offsets: 'offsets of a ragged axis: start at 0, never fall',
  index: 'selects along another array; tests go out of range where the program allows it',
  ascending: 'is searched: must be ascending',
  distinct: 'targets of a unique scatter: must be distinct',
  data: 'plain data',
};
