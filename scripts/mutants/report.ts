import type { MutantClass } from '../../src/verify/mutants/classes.ts';
import type { Fate } from '../../src/verify/mutants/hunt.ts';
import type { Subject } from './draw.ts';

interface Found {
  readonly subject: Subject;
  readonly fate: Fate;
}
export interface Page {
  readonly markdown: string;
  readonly json: string;
  readonly summary: string;
  /** Killed, of those that are neither stillborn nor equal. */
  readonly rate: number;
}

const count = (all: readonly Found[], kind: Fate['end']['kind']): number =>
  all.filter((f) => f.fate.end.kind === kind).length;
const percent = (part: number, of: number): string => (of === 0 ? '–' : `${((100 * part) / of).toFixed(1)} %`);

/** The table of classes, and every survivor. */
export function page(
  target: string,
  classes: readonly MutantClass[],
  all: readonly Found[],
  args: Readonly<Record<string, unknown>>,
): Page {
  const alive = (found: readonly Found[]): number => found.length - count(found, 'stillborn') - count(found, 'equal');
  const rows = classes.map((c) => {
    const own = all.filter((f) => f.fate.mutant.kind === c);
    const live = alive(own);
    const killed = count(own, 'killed');
    return `| ${c.name} | ${c.what} | ${own.length} | ${count(own, 'stillborn')} | ${count(own, 'equal')} | ${killed} of ${live} | ${percent(killed, live)} | ${percent(live, alive(all))} |`;
  });
  const killed = count(all, 'killed');
  const live = alive(all);
  const after = all.flatMap((f) => (f.fate.end.kind === 'killed' ? [f.fate.end.after] : [])).sort((a, b) => a - b);
  const survivors = all.filter((f) => f.fate.end.kind === 'survived');
  const summary =
    `${target}: ${killed} of ${live} mutants killed (${percent(killed, live)}) over ${classes.length} classes; ` +
    `${count(all, 'equal')} equal by object code, ${count(all, 'stillborn')} stillborn; ` +
    `half of the killed fell to the first ${after[after.length >> 1] ?? 0} cases`;
  const options = ['arch', 'per-class', 'cases', 'seed', 'work'].map((k) => `--${k} ${String(args[k])}`).join(' ');
  const markdown = [
    `# Planted bugs, ${target}`,
    '',
    `${summary}.`,
    '',
    `Made by \`npm run mutants -- ${options}\`.`,
    '',
    '| class | what is wrong | planted | stillborn | equal | killed | rate | share of all |',
    '| --- | --- | --: | --: | --: | --: | --: | --: |',
    ...rows,
    '',
    '## Survivors',
    '',
    ...survivors.map(
      ({ subject, fate }) =>
        `- ${fate.mutant.kind.name}, ${subject.chosen.op.name} (${subject.label}), ${fate.mutant.site.body} body: \`${fate.change.slice(0, 220)}\``,
    ),
    '',
  ].join('\n');
  const json = `${JSON.stringify(
    {
      target,
      summary,
      mutants: all.map(({ subject, fate }) => ({
        class: fate.mutant.kind.name,
        op: subject.chosen.op.name,
        config: subject.label,
        site: fate.mutant.site,
        change: fate.change,
        ...fate.end,
      })),
    },
    null,
    1,
  )}\n`;
  return { markdown, json, summary, rate: live === 0 ? 0 : killed / live };
}
