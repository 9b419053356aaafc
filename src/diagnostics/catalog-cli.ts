import { error, warning } from './rule.ts';

/** What the command reports about files and arguments. */
export const CLI = {
  usage: error<{ problem: string }>((p) => p.problem, 'run `ktune --help`, or `ktune <command> --help`'),
  internal: error<{ detail: string }>(
    (p) => `internal error: ${p.detail}`,
    'this is a bug of ktune; set KTUNE_DEBUG=1 for the stack and report it',
  ),
  'file-missing': error<{ file: string }>(
    (p) => `cannot read \`${p.file}\``,
    'the path is relative to the current folder',
  ),
  'file-kind': error<{ file: string }>((p) => `\`${p.file}\` is not a .ktune file`),
  'file-write': error<{ file: string; reason: string }>(
    (p) => `cannot write \`${p.file}\`: ${p.reason}`,
    'free some space or choose another folder',
  ),
  'op-missing': error<{ op: string; has: string }>(
    (p) => `no operator is named \`${p.op}\` here`,
    (p) => `this file has ${p.has}`,
  ),
  'op-choose': error<{ has: string }>((p) => `the file has several operators: ${p.has}`, 'choose one with --op NAME'),
  'target-unknown': error<{ target: string; has: string }>(
    (p) => `no target is named \`${p.target}\``,
    (p) => `there are ${p.has}`,
  ),
  'type-missing': error<{ param: string; choices: string }>(
    (p) => `type parameter \`${p.param}\` has no value`,
    (p) => `give one with --type ${p.param}=…, of ${p.choices}`,
  ),
  'type-choice': error<{ param: string; value: string; choices: string }>(
    (p) => `type parameter \`${p.param}\` cannot be ${p.value}`,
    (p) => `it is one of ${p.choices}`,
  ),
  'type-param-unknown': error<{ name: string; op: string }>((p) => `\`${p.op}\` has no type parameter \`${p.name}\``),
  'value-form': error<{ name: string; text: string; dtype: string }>(
    (p) => `${p.name}=${p.text} is not a value of type ${p.dtype}`,
  ),
  'plan-unknown': error<{ reasons: string }>((p) => `this config is not valid: ${p.reasons}`),
  'emit-refused': error<{ target: string; reasons: string }>((p) => `${p.target} cannot emit this: ${p.reasons}`),
  'compile-failed': error<{ target: string; log: string }>(
    (p) => `the kernel for ${p.target} does not compile: ${p.log}`,
  ),
  'compile-timeout': error<{ target: string }>((p) => `the compiler for ${p.target} did not finish in time`),
  'verify-nothing': error<{ op: string; target: string; cases: string }>(
    (p) => `${p.op} was not verified on ${p.target}: ${p.cases} cases had not one element that could be compared`,
    'give smaller sizes with --shape: consts count, and cases are small',
  ),
  'verify-failed': error<{ op: string; target: string; problem: string }>(
    (p) => `${p.op} on ${p.target} is wrong: ${p.problem}`,
  ),
  'property-vacuous': warning<{ name: string; op: string; cases: number; points: number }>(
    (p) =>
      `property "${p.name}" of ${p.op} said nothing in ${p.cases} cases: ${p.points === 0 ? 'its `where` never held' : 'its tolerance is too wide to fail'}`,
    'loosen its `where`, or give more cases with --cases',
  ),
  'strategy-unknown': error<{ name: string; has: string }>(
    (p) => `no search strategy is named \`${p.name}\``,
    (p) => `there are ${p.has}`,
  ),
  'budget-form': error<{ text: string }>((p) => `--budget ${p.text} is not a time`, 'write 30s, 5m or 1h'),
  'replay-file': error<{ file: string; reason: string }>((p) => `\`${p.file}\` is not a counterexample: ${p.reason}`),
  'recorded-space': error<{ file: string; reason: string }>(
    (p) => `\`${p.file}\` is not a recorded space: ${p.reason}`,
    'T4 files are JSON, plain or gzipped, with a list of results',
  ),
  'not-formatted': error<{ file: string }>((p) => `\`${p.file}\` is not in canonical form`, 'run `ktune fmt` on it'),
  'argument-form': error<{ option: string; text: string; form: string }>(
    (p) => `--${p.option} ${p.text} is not of the form ${p.form}`,
  ),
  'argument-twice': error<{ option: string; name: string }>((p) => `--${p.option} gives \`${p.name}\` twice`),
  'size-form': error<{ name: string; text: string }>((p) => `the size ${p.name}=${p.text} is not a whole number`),
  'size-negative': error<{ name: string; text: string }>((p) => `the size ${p.name}=${p.text} is negative`),
  'size-huge': error<{ name: string; text: string }>((p) => `the size ${p.name}=${p.text} is beyond 2^53`),
  'size-memory': error<{ need: string; have: string }>(
    (p) => `the arrays of this shape need ${p.need}, and this machine has ${p.have}`,
    'give a smaller --shape',
  ),
  'size-unknown': error<{ name: string; has: string }>(
    (p) => `the operator has no size \`${p.name}\``,
    (p) => `it has ${p.has}`,
  ),
  'size-missing': error<{ names: string; example: string }>(
    (p) => `no value for ${p.names}`,
    (p) => `give it, as in ${p.example}`,
  ),
  'size-fact': error<{ fact: string }>((p) => `these sizes break a condition of the operator: ${p.fact}`),
  'input-missing': error<{ name: string }>(
    (p) => `no data for input \`${p.name}\``,
    (p) => `give a file with --in ${p.name}=FILE.npy`,
  ),
  'scalar-missing': error<{ name: string }>(
    (p) => `no value for scalar \`${p.name}\``,
    (p) => `give one with --in ${p.name}=VALUE`,
  ),
  'input-problem': error<{ problem: string }>((p) => `the inputs do not fit: ${p.problem}`),
  'run-fault': error<{ fault: string; count: string }>(
    (p) => `an access is out of range: ${p.fault} (${p.count} in all)`,
    'an `unchecked` access, a ragged axis or a `unique` scatter was promised something that the data break',
  ),
  'kernel-fault': error<{ problem: string }>((p) => `the kernel did not finish: ${p.problem}`),
  'input-unknown': error<{ name: string; has: string }>(
    (p) => `the operator has no input \`${p.name}\``,
    (p) => `its inputs are ${p.has}`,
  ),
  'toolchain-missing': error<{ target: string; detail: string; fix: string }>(
    (p) => `${p.target} cannot run here: ${p.detail}`,
    (p) => p.fix,
  ),
  interrupted: warning<{ kept: string }>((p) => `interrupted; ${p.kept}`, 'the same command continues from here'),
} as const;
