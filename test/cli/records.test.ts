import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCALE, sandbox } from './command.ts';

const box = sandbox();
afterAll(() => box.close());
const json = (text: string): { result: Record<string, unknown> } =>
  JSON.parse(text) as { result: Record<string, unknown> };

describe('records on the command line', () => {
  const fixed = ['--fix', 'vector=0', '--fix', 'unroll=2'];
  beforeAll(async () => {
    box.write('scale.ktune', SCALE);
    const where = ['--target', 'cpp:generic', '--budget', '120s', '--evals', '6'];
    const { exit, err } = await box.ktune([
      'tune',
      'scale.ktune',
      ...where,
      '--record-space',
      'space.json.gz',
      ...fixed,
    ]);
    expect(err).toMatch(/space\.json\.gz: \d+ configs/);
    expect(exit).toBe(0);
  }, 120_000);

  it('a space that was recorded is replayed, by every strategy and with foreign configs', async () => {
    for (const strategy of ['random', 'ils', 'surrogate']) {
      const args = ['replay', 'space.json.gz', '--strategy', strategy, '--seeds', '2', '--evals', '6', '--json'];
      const { exit, out } = await box.ktune([...args, '--transfer', 'space.json.gz']);
      expect(exit).toBe(0);
      expect(json(out).result['spaces']).toMatchObject([{ name: 'space' }]);
    }
  });

  it('a study is exported, by operator or id', async () => {
    const { exit, out } = await box.ktune(['export', 'scale', '--t4', 'again.json', '--json']);
    expect(exit).toBe(0);
    const { study } = json(out).result;
    const t4 = JSON.parse(readFileSync(join(box.dir, 'again.json'), 'utf8')) as { results: unknown[] };
    expect(t4.results).toHaveLength(Number(json(out).result['configs']));
    expect((await box.ktune(['export', String(study).slice(0, 8), '--t4', 'by-id.json'])).exit).toBe(0);
  });

  it('a report holds the studies that are asked for', async () => {
    const { exit, out } = await box.ktune(['report', 'scale', '--out', 'r/page.html']);
    expect({ exit, out }).toMatchObject({ exit: 0, out: expect.stringMatching(/^r\/page\.html: 1 study/) });
    expect(readFileSync(join(box.dir, 'r/page.html'), 'utf8')).toContain('<h2>scale on cpp:generic</h2>');
  });

  it.each([
    [['report', 'nothing'], 'holds no study of nothing'],
    [['export', 'nothing', '--t4', 'x.json'], 'holds no study of nothing'],
    [['tune', 'scale.ktune', '--fix', 'vector=0'], '--fix goes with --record-space'],
    [['tune', 'scale.ktune', '--record-space', 'x.json', '--strategy', 'random'], 'takes no --strategy'],
    [
      ['tune', 'scale.ktune', '--target', 'cpp:generic', '--record-space', 'x.json', '--fix', 'vector=7'],
      'vector is not one of',
    ],
  ])('%j is refused with a reason', async (args, reason) => {
    const { exit, err } = await box.ktune(args);
    expect(exit).toBe(2);
    expect(err).toContain(reason);
    expect(existsSync(join(box.dir, 'x.json'))).toBe(false);
  });
});
