import { expect, test } from 'vitest';
import { must } from '../../src/assert.ts';
import { configId, defaultConfig } from '../../src/codegen/space/config.ts';
import type { Config } from '../../src/codegen/space/space.ts';
import { effects } from '../../src/report/effects.ts';
import { highlight } from '../../src/report/highlight.ts';
import { reportPage } from '../../src/report/page.ts';
import { bestSoFar, studyReport } from '../../src/report/study.ts';
import type { StudyReport } from '../../src/report/study.ts';
import { scale } from '../../src/report/svg.ts';
import type { Store } from '../../src/store/records.ts';
import { exhaustive } from '../../src/tuner/strategies/exhaustive.ts';
import { OPTIMUM, SPACE, smooth } from '../tuner/spaces.ts';
import { simulate } from '../tuner/world.ts';
import type { Behaviour, World } from '../tuner/world.ts';

const KINDS: readonly Behaviour[] = ['compile', 'crash', 'hang', 'exits', 'wrong', 'unsteady', 'fine', 'fine'];
const idOf = (c: Config): string => configId(SPACE, c);
const world: World = {
  space: SPACE,
  ns: smooth,
  behaviour: (c) =>
    idOf(c) === idOf(OPTIMUM) || idOf(c) === idOf(defaultConfig(SPACE))
      ? 'fine'
      : (KINDS[Number.parseInt(idOf(c).slice(0, 6), 16) % KINDS.length] ?? 'fine'),
};
const HOSTILE = '</style><script>alert(1)</script><img src=x onerror=alert(1)>';

function call(store: Store, study: string): void {
  const common = { version: 'propose/1', instructions: '', prompt: 'p', inputTokens: 700, outputTokens: 60 };
  const counts = { estimated: true, proposed: 3, valid: 2, novel: 1, cost: 0.003, ms: 1200 };
  const calls = [
    { ...common, ...counts, model: HOSTILE, promptHash: 'a', answer: '{}' },
    { ...common, ...counts, model: 'm', promptHash: 'b', failure: '429: busy' },
  ];
  for (const [number, c] of calls.entries())
    store.call(study, { number, prompt_hash: c.promptHash, model: c.model, call: JSON.stringify(c) });
}

async function sample(): Promise<StudyReport> {
  const { result, store } = await simulate(world, { strategy: exhaustive, budget: { seconds: 1e6, evals: 1e6 } });
  const study = must(result.study, 'a study');
  call(store, study);
  store.outcome(study, {
    roofline: {
      gbPerS: 5,
      gflopPerS: 1,
      fraction: 0.4,
      bound: 'memory',
      ceiling: { name: 'copy', value: 12, unit: 'GB/s' },
    },
    ceilings: {
      copy: { value: 12, unit: 'GB/s' },
      read: { value: 10, unit: 'GB/s' },
      fma: { value: 90, unit: 'GFLOP/s' },
    },
    kernel: { text: `// ${HOSTILE}\nint main() { return 42; }`, extension: 'cpp' },
    messages: ['a note & more'],
  });
  const head = must(store.reading.heads()[0], 'a head');
  const report = studyReport(store.reading.study(head));
  store.close();
  return report;
}
const report = await sample();
const html = reportPage([report, report], { version: '1', at: 'today' });

test('the records tell what the search did', () => {
  const { summary, points, failures } = report;
  expect(points).toHaveLength(summary?.evals ?? 0);
  expect(points[0]).toMatchObject({ number: 1, proposer: 'default', name: 'the default' });
  expect(points.every((p) => p.seconds !== undefined)).toBe(true);
  expect(bestSoFar(points).at(-1)).toBe(Math.min(...points.flatMap((p) => (p.state === 'ok' ? [p.ns ?? 0] : []))));
  expect(Object.fromEntries(failures.map((k) => [k.kind, k.count]))).toEqual(summary?.failed);
  expect(report.calls).toHaveLength(2);
});

test('an effect is the share of the variance that a parameter explains, over configs in which it matters', () => {
  const of = effects(report.params, report.points);
  expect(of[0]?.param.name).toBe('tile');
  const wide = must(
    of.find((e) => e.param.name === 'wide'),
    'wide',
  );
  const ofPlan = report.points.filter((p) => p.ns !== undefined && p.config['plan'] !== 'a').length;
  expect(wide.levels.reduce((n, l) => n + l.count, 0)).toBe(ofPlan);
  for (const e of of) {
    expect(e.share).toBeGreaterThanOrEqual(0);
    expect(e.share).toBeLessThanOrEqual(1);
  }
});

test('every failure is on the page with its reason, and every call with its cost', () => {
  const shown = [
    ...report.failures.map((k) => `<td>${k.kind}</td>`),
    'error in k_',
    'beyond the end of y',
    '429: busy',
    '0.00300',
  ];
  expect(shown.filter((t) => !html.includes(t))).toEqual([]);
});

test('the page loads nothing, runs nothing, and takes texts as texts', () => {
  // The style sheet is a text of the page's own.
  const tags = (html.replace(/<style>[\s\S]*?<\/style>/, '').match(/<[^>]+>/g) ?? []).join('\n');
  const foreign = /<(?:script|img|iframe|object|link rel="stylesheet")|\s(?:src|on\w+)=|href="(?!#|data:,)/;
  expect(foreign.test(tags)).toBe(false);
  expect(/@import|url\(/.test(html)).toBe(false);
  expect(html.includes('&lt;script&gt;alert(1)')).toBe(true);
});

test('every chart has a title, a text, a unit and its own ids; no coordinate is not a number', () => {
  const charts = html.match(/<svg viewBox[^>]*role="img"[\s\S]*?<\/svg>/g) ?? [];
  expect(charts.length).toBeGreaterThanOrEqual(2 * 8);
  for (const c of charts) {
    expect(c).toMatch(/<title id="[^"]+">[^<]{10,}<\/title><desc id="[^"]+">[^<]{10,}<\/desc>/);
    expect(c).toContain('class="unit"');
    expect(c).not.toMatch(/NaN|undefined|Infinity/);
  }
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map((m) => m[1]);
  expect(new Set(ids).size).toBe(ids.length);
  expect(/NaN|\bundefined\b|Infinity|\[object/.test(html)).toBe(false);
});

test('a study that runs, one without a winner and one of an old format have pages too', () => {
  const { record } = report;
  const bare = studyReport({
    ...record,
    state: 'running',
    summary: undefined,
    about: undefined,
    outcome: undefined,
    trials: record.trials.map((t) => ({ ...t, at_s: undefined })),
  });
  expect(reportPage([bare], { version: '1', at: 'today' })).toContain('Still running.');
  const failed = studyReport({
    ...record,
    summary: undefined,
    trials: record.trials.filter((t) => t.state === 'failed'),
  });
  expect(reportPage([failed], { version: '1', at: 'today' })).toContain('No config compiled, verified and ran.');
});

test('ticks are few, inside, and round', () => {
  for (const [lo, hi] of [
    [1e5, 3e5],
    [1, 1.01],
    [3, 9e7],
    [0.9, 1.2],
  ] as const)
    for (const log of [true, false]) {
      const { ticks } = scale([lo, hi], [0, 100], log);
      expect(ticks.length).toBeGreaterThanOrEqual(2);
      expect(ticks.length).toBeLessThanOrEqual(8);
      for (const t of ticks) expect(t >= lo * 0.999 && t <= hi * 1.001).toBe(true);
    }
});

test('kernels are coloured without changing their text', () => {
  const code = 'static int f(const float* x) { /* <b> */ return "s<"[0] + 0x1f; } // end';
  const plain = highlight(code, 'cpp').replaceAll(/<[^>]*>/g, '');
  expect(plain).toBe(code.replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'));
  expect(highlight('a // b\n# c', 'py')).toBe('a // b\n<span class="c"># c</span>');
});
