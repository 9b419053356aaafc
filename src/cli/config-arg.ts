import { diagnostic } from '../diagnostics/diagnostic.ts';
import { defaultConfig, fromDiff } from '../codegen/space/config.ts';
import type { Config, Space, Value } from '../codegen/space/space.ts';
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

function valueOf(space: Space, name: string, text: string): Value {
  const p = space.params.find((x) => x.name === name);
  if (p?.kind === 'enum') return p.values.find((v) => String(v) === text) ?? text;
  if (p?.kind === 'bool') return text === 'true' ? true : text === 'false' ? false : text;
  return /^-?\d+$/.test(text) ? Number(text) : text;
}
