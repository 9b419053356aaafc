import type { CellResult, Effort } from './cell.ts';

/** The matrix as a page. */
export function page(
  family: string,
  cells: readonly CellResult[],
  effort: Effort,
  executed: Readonly<Record<string, string>>,
): string {
  const archs = [...new Set(cells.map((c) => c.arch))];
  const operators = [...new Set(cells.map((c) => c.operator))].sort();
  const of = (operator: string, arch: string): readonly CellResult[] =>
    cells.filter((c) => c.operator === operator && c.arch === arch);
  const right = cells.filter((c) => c.verdict === 'pass').length;
  const kernels = cells.flatMap((c) => c.patterns);
  const fallback = kernels.filter((p) => p === 'loops').length;
  const covered = sum(cells, (c) => c.covered);
  const missing = [...new Set(cells.flatMap((c) => c.missing.map((m) => `${c.operator} (${c.arch}): ${m}`)))];
  const wrong = cells.filter((c) => c.verdict !== 'pass');
  const spills = cells.filter((c) => c.accepted?.ok === true && c.accepted.spillBytes > 0);
  const command = family === 'cpp' ? 'npm run matrix' : `npm run matrix -- --family ${family}`;
  return `# The library on ${family}

Every operator of \`ops/\`, under every binding of its types, against the reference: \`${command}\`. Each cell runs ${effort.seeds} seeds of
${effort.cases} cases; a case runs on ${effort.width} configs in turn, twice each over different poison, and must show every declared property. Configs are the
default, the default of each plan, and as many more as it takes to have every value of every tunable once.

${archs.map((a) => `- \`${family}:${a}\`: ${executed[a] ?? (family === 'cpp' ? 'executed' : 'executed on the CPU')}`).join('\n')}

| | |
| --- | --- |
| cells | ${cells.length} (${operators.length} operators) |
| right | ${right} |
| wrong or refused | ${wrong.length} |
| cases, runs | ${sum(cells, (c) => c.cases)}, ${sum(cells, (c) => c.runs)} |
| elements compared | ${sum(cells, (c) => c.elements)} |
| values of tunables executed | ${covered} of ${sum(cells, (c) => c.values)} |
${cells.some((c) => c.accepted !== undefined) ? `| taken by the vendor's compiler at the default config | ${cells.filter((c) => c.accepted?.ok === true).length} |\n| of these, with registers that spill | ${spills.length} |\n` : ''}| kernels of default configs lowered by plain loops | ${fallback} of ${kernels.length} (${percent(fallback, kernels.length)}) |

## Which pattern has each kernel

Kernels of the default config in order; \`loops\` is the fallback. In brackets: cases / configs / share of the tolerance used.

| operator | ${archs.join(' | ')} |
| --- | ${archs.map(() => '---').join(' | ')} |
${operators.map((o) => `| ${o} | ${archs.map((a) => show(of(o, a))).join(' | ')} |`).join('\n')}

## What is wrong

${wrong.length === 0 ? 'Nothing.' : wrong.map((c) => `- ${c.operator} ${c.types} on ${c.arch}: ${c.verdict}: ${c.problem ?? ''}`).join('\n')}
${spills.length === 0 ? '' : `\n## What spills\n\n${spills.map((c) => `- ${c.operator} ${c.types} on ${c.arch}: ${c.accepted?.ok === true ? c.accepted.spillBytes : 0} bytes`).join('\n')}\n`}
## Values that no valid config has

${missing.length === 0 ? 'None.' : missing.map((m) => `- ${m}`).join('\n')}
`;
}

/** The cells of an operator on one architecture: one for each binding of its types. */
function show(cells: readonly CellResult[]): string {
  if (cells.length === 0) return '–';
  const patterns = [...new Set(cells.map((c) => runs(c.patterns)))].join(' / ');
  const cases = sum(cells, (c) => c.cases);
  const configs = Math.min(...cells.map((c) => c.configs));
  const used = Math.max(...cells.map((c) => c.used));
  const bad = cells.some((c) => c.verdict !== 'pass') ? ' **wrong**' : '';
  return `${patterns} (${cases} / ${configs} / ${(100 * used).toFixed(0)} %)${bad}`;
}
/** `row, loops ×3` */
function runs(names: readonly string[]): string {
  const out: { name: string; n: number }[] = [];
  for (const name of names) {
    const last = out.at(-1);
    if (last?.name === name) last.n++;
    else out.push({ name, n: 1 });
  }
  return out.map((r) => (r.n === 1 ? r.name : `${r.name} ×${r.n}`)).join(', ');
}
const sum = <T>(list: readonly T[], value: (x: T) => number): number => list.reduce((n, x) => n + value(x), 0);
const percent = (n: number, of: number): string => (of === 0 ? '–' : `${((100 * n) / of).toFixed(1)} %`);
