import { diagnostic } from '../diagnostics/diagnostic.ts';
import { defaultConfig, defineSpace, fromDiff, isActive } from '../codegen/space/config.ts';
import { contains, describe } from '../codegen/space/fragment.ts';
import type { Config, Param, Space, Value } from '../codegen/space/space.ts';
import { parseAssignments } from './assignments.ts';
import { EXIT } from './exit.ts';
import { UserError } from './user-error.ts';

/** A full config from `--config plan=fused,unroll=4`; the default where nothing is given. */
export function configFrom(space: Space, texts: readonly string[] | undefined): Config {
  if (texts === undefined || texts.length === 0) return defaultConfig(space);
  const { values, problems } = parseAssignments('config', texts);
  if (problems.length > 0) throw new UserError(problems, EXIT.usage);
  const diff = Object.fromEntries([...values].map(([name, text]) => [name, valueOf(space, name, text)]));
  const read = fromDiff(space, diff);
  if (!read.ok)
    throw new UserError(
      diagnostic('plan-unknown', { reasons: read.reasons.map((r) => r.message).join('; ') }),
      EXIT.usage,
    );
  return read.config;
}

/** The space with parameters held at the values of `--fix vector=32,unroll=2`, wherever they matter. */
export function fixedSpace(space: Space, texts: readonly string[] | undefined): Space {
  if (texts === undefined || texts.length === 0) return space;
  const { values, problems } = parseAssignments('fix', texts);
  if (problems.length > 0) throw new UserError(problems, EXIT.usage);
  const held = [...values].map(([name, text]) => {
    const param = space.params.find((p) => p.name === name);
    const value = valueOf(space, name, text);
    if (param !== undefined && contains(param, value)) return { param, value };
    const what = param === undefined ? `a parameter of this space` : describe(param);
    throw new UserError(
      diagnostic('plan-unknown', { reasons: `--fix ${name}=${text}: ${name} is not ${what}` }),
      EXIT.usage,
    );
  });
  return defineSpace({
    params: space.params,
    seeds: space.seeds,
    constraints: [
      ...space.constraints,
      ...held.map(({ param, value }) => ({
        code: `fixed-${param.name}-${String(value)}`,
        params: [param.name, ...conditionsOf(space, param)],
        check: (c: Config) =>
          c[param.name] === value || !isActive(space, param, c)
            ? undefined
            : { code: 'fixed', message: `${param.name} is held at ${String(value)}`, params: [param.name] },
      })),
    ],
  });
}

/** The parameters that decide whether `p` matters. */
function conditionsOf(space: Space, p: Param): readonly string[] {
  const parent = space.params.find((x) => x.name === p.when?.param);
  return parent === undefined ? [] : [parent.name, ...conditionsOf(space, parent)];
}

function valueOf(space: Space, name: string, text: string): Value {
  const p = space.params.find((x) => x.name === name);
  if (p?.kind === 'enum') return p.values.find((v) => String(v) === text) ?? text;
  if (p?.kind === 'bool') return text === 'true' ? true : text === 'false' ? false : text;
  return /^-?\d+$/.test(text) ? Number(text) : text;
}
