import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { f32, npy, sandbox, SCALE } from './command.ts';
import type { Sandbox } from './command.ts';

let box: Sandbox;
beforeEach(() => {
  box = sandbox();
  box.write('scale.ktune', SCALE);
});
afterEach(() => box.close());

const json = (text: string): { exit: number; ok: boolean; result: unknown; diagnostics: { code: string }[] } =>
  JSON.parse(text) as never;
const codes = (text: string): readonly string[] => json(text).diagnostics.map((d) => d.code);

interface Row {
  readonly operator: string;
  readonly on: readonly { readonly target: string; readonly patterns: readonly string[] }[];
}

describe('commands', () => {
  it('check tells the operators of a right file', async () => {
    expect(await box.ktune(['check', 'scale.ktune'])).toEqual({ exit: 0, out: 'scale.ktune: 1 operator\n', err: '' });
  });

  it('check reports all errors of all files, with frames', async () => {
    box.write('bad.ktune', 'op a(x: f32[N]) -> (y: f32[N]) { y[n] = x[n + 1] + zz; }\n');
    const { exit, err } = await box.ktune(['check', 'bad.ktune', 'scale.ktune']);
    expect(exit).toBe(1);
    expect(err).toContain('error[index-range]');
    expect(err).toContain('error[name-unknown]');
    expect(err).toContain('2 errors');
  });

  it('fmt writes canonical text once, and --check only tells', async () => {
    box.write('loose.ktune', 'op a( x:f32[N] )->( y:f32[N] ){y[n]=x[n]*2.0;}');
    expect((await box.ktune(['fmt', '--check', 'loose.ktune'])).exit).toBe(1);
    expect((await box.ktune(['fmt', 'loose.ktune'])).exit).toBe(0);
    expect((await box.ktune(['fmt', '--check', 'loose.ktune'])).exit).toBe(0);
    expect(readFileSync(join(box.dir, 'loose.ktune'), 'utf8')).toBe(
      'op a(x: f32[N]) -> (y: f32[N]) { y[n] = x[n] * 2.0; }\n',
    );
  });

  it('explain, space, ops, targets and doctor answer for people and for machines', async () => {
    for (const args of [['explain', 'scale.ktune'], ['space', 'scale.ktune'], ['ops'], ['targets'], ['doctor']]) {
      const plain = await box.ktune(args);
      expect([args[0], plain.exit, plain.err]).toEqual([args[0], 0, '']);
      const machine = await box.ktune([...args, '--json']);
      expect(json(machine.out)).toMatchObject({ exit: 0, ok: true });
    }
  });

  it('replay --transfer tries the best configs of other recorded spaces first', async () => {
    const space = (best: number): string =>
      JSON.stringify({
        metadata: { timeunit: 'milliseconds' },
        results: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048].map((tile) => ({
          configuration: { tile },
          times: { compilation: 1, framework: 0, validation: 0, runtimes: [1 + Math.abs(Math.log2(tile / best))] },
          invalidity: 'correct',
          measurements: [{ name: 'time', value: 1 + Math.abs(Math.log2(tile / best)), unit: 'ms' }],
          objectives: ['time'],
        })),
      });
    box.write('here.json', space(64));
    box.write('near.json', space(64));
    box.write('far.json', space(1));
    const replay = ['replay', 'here.json', '--strategy', 'random', '--seeds', '5', '--evals', '2', '--json'];
    const score = async (...donors: string[]): Promise<number> => {
      const { exit, out } = await box.ktune([...replay, ...donors.flatMap((d) => ['--transfer', d])]);
      expect(exit).toBe(0);
      const { spaces } = (json(out) as { readonly result: { readonly spaces: { readonly score: number }[] } }).result;
      return spaces[0]?.score ?? Number.NaN;
    };
    expect(await score('near.json', 'far.json')).toBeGreaterThan(await score());
  });

  it('ops --matrix tells what runs each kernel of the library on each target', async () => {
    const { exit, out } = await box.ktune(['ops', '--matrix', 'cpp:avx2', 'cuda:sm_90', '--json']);
    expect(exit).toBe(0);
    const { matrix } = (json(out) as { readonly result: { readonly matrix: readonly Row[] } }).result;
    expect(matrix.find((row) => row.operator === 'linear_gelu')?.on).toEqual([
      { target: 'cpp:avx2', patterns: ['contraction'] },
      { target: 'cuda:sm_90', patterns: ['contraction'] },
    ]);
    // At most one kernel in ten has no technique of its own.
    for (const target of ['cpp:avx2', 'cuda:sm_90']) {
      const all = matrix.flatMap((row) => row.on.flatMap((x) => (x.target === target ? x.patterns : [])));
      expect(all.filter((p) => p === 'loops').length / all.length).toBeLessThanOrEqual(0.1);
    }
  });

  it('explain prints what each stage of the compiler makes of an operator', async () => {
    const found: Record<string, string> = {};
    for (const stage of ['parse', 'lower', 'plan', 'schedule', 'render']) {
      const { exit, out } = await box.ktune(['explain', 'scale.ktune', '--dump-after', stage]);
      expect([stage, exit]).toEqual([stage, 0]);
      found[stage] = out.split('\n')[0] ?? '';
    }
    expect(found).toMatchInlineSnapshot(`
      {
        "lower": "graph scale(N, D; a: f32)",
        "parse": "## Rows times a factor.",
        "plan": "plan fused",
        "render": "// scale for cpp:avx2, made by ktune.",
        "schedule": "tile scale",
      }
    `);
    expect((await box.ktune(['explain', 'scale.ktune', '--dump-after', 'fuse'])).exit).toBe(2);
  });

  it('emit writes a kernel and its ABI', async () => {
    const { exit } = await box.ktune(['emit', 'scale.ktune', '--target', 'cpp:generic', '--out', 'k/scale.cpp']);
    expect(exit).toBe(0);
    expect(readFileSync(join(box.dir, 'k/scale.cpp'), 'utf8')).toContain('extern "C" void ktune_scale(');
    expect(JSON.parse(readFileSync(join(box.dir, 'k/scale.abi.json'), 'utf8'))).toMatchObject({
      schema: 'ktune-abi/1',
      entry: 'ktune_scale',
    });
  });

  it('run gives the same numbers in the reference and on a target', async () => {
    box.write('x.npy', npy('<f4', [2, 3], f32([1, 2, 3, 4, 5, 6])));
    for (const target of ['reference', 'cpp:generic']) {
      const { exit, err } = await box.ktune([
        'run',
        'scale.ktune',
        '--in',
        'x=x.npy',
        '--in',
        'a=2',
        '--out-dir',
        'o',
        '--target',
        target,
      ]);
      expect([exit, err]).toEqual([0, '']);
      const y = readFileSync(join(box.dir, 'o/y.npy'));
      expect([...new Float32Array(new Uint8Array(y.subarray(y.length - 24)).buffer)]).toEqual([2, 4, 6, 8, 10, 12]);
    }
  });

  it('verify passes a right operator', async () => {
    const { exit, out } = await box.ktune([
      'verify',
      'scale.ktune',
      '--target',
      'cpp:generic',
      '--cases',
      '20',
      '--configs',
      '2',
      '--json',
    ]);
    expect(exit).toBe(0);
    expect(json(out).result).toMatchObject({ verified: [{ op: 'scale', report: { verdict: 'pass', cases: 20 } }] });
  });

  it('tune pins a winner, keeps records, and answers from them the second time', async () => {
    const args = ['tune', 'scale.ktune', '--target', 'cpp:generic', '--budget', '120s', '--evals', '6', '--json'];
    const first = json((await box.ktune(args)).out);
    expect(first).toMatchObject({ exit: 0, result: { fromRecords: false, summary: { winner: { confirmed: true } } } });
    expect(existsSync(join(box.dir, 'ktune.lock'))).toBe(true);
    expect(json((await box.ktune(args)).out)).toMatchObject({ exit: 0, result: { fromRecords: true } });
  });
});

describe('wrong use', () => {
  const cases: readonly (readonly [what: string, args: readonly string[], exit: number, code: string])[] = [
    ['no command', [], 2, 'usage'],
    ['unknown command', ['tuen', 'scale.ktune'], 2, 'usage'],
    ['unknown option', ['check', 'scale.ktune', '--fast'], 2, 'usage'],
    ['missing file', ['check', 'none.ktune'], 2, 'file-missing'],
    ['a file of another kind', ['check', 'scale.txt'], 2, 'file-kind'],
    ['unknown operator', ['explain', 'scale.ktune', '--op', 'scael'], 2, 'op-missing'],
    ['unknown target', ['emit', 'scale.ktune', '--target', 'abacus'], 2, 'target-unknown'],
    ['unknown architecture', ['emit', 'scale.ktune', '--target', 'cpp:avx9'], 2, 'target-unknown'],
    ['unknown type parameter', ['emit', 'scale.ktune', '--type', 'T=f32'], 2, 'type-param-unknown'],
    ['shape that is no assignment', ['tune', 'scale.ktune', '--shape', 'N'], 2, 'argument-form'],
    ['shape given twice', ['tune', 'scale.ktune', '--shape', 'N=1,N=2'], 2, 'argument-twice'],
    ['shape without a dim', ['tune', 'scale.ktune', '--shape', 'N=4'], 2, 'size-missing'],
    ['unknown dim', ['tune', 'scale.ktune', '--shape', 'N=4,D=4,Q=4'], 2, 'size-unknown'],
    ['negative dim', ['tune', 'scale.ktune', '--shape', 'N=-4,D=4'], 2, 'size-negative'],
    ['fractional dim', ['tune', 'scale.ktune', '--shape', 'N=1.5,D=4'], 2, 'size-form'],
    ['huge dim', ['tune', 'scale.ktune', '--shape', 'N=1099511627776,D=4'], 2, 'size-memory'],
    ['dim beyond 2^53', ['tune', 'scale.ktune', '--shape', 'N=99999999999999999999,D=4'], 2, 'size-huge'],
    ['unknown strategy', ['tune', 'scale.ktune', '--strategy', 'magic'], 2, 'strategy-unknown'],
    ['budget that is no time', ['tune', 'scale.ktune', '--budget', 'soon'], 2, 'budget-form'],
    ['config of an unknown parameter', ['emit', 'scale.ktune', '--config', 'tile=4'], 2, 'plan-unknown'],
    ['config outside the domain', ['emit', 'scale.ktune', '--config', 'unroll=3'], 2, 'plan-unknown'],
    ['missing input', ['run', 'scale.ktune', '--in', 'a=1'], 2, 'input-missing'],
    ['missing scalar', ['run', 'scale.ktune', '--in', 'x=x.npy'], 2, 'scalar-missing'],
    ['unknown input', ['run', 'scale.ktune', '--in', 'q=x.npy', '--in', 'x=x.npy', '--in', 'a=1'], 2, 'input-unknown'],
    ['scalar that is no number', ['run', 'scale.ktune', '--in', 'x=x.npy', '--in', 'a=two'], 2, 'value-form'],
    ['array of another dtype', ['run', 'scale.ktune', '--in', 'x=i.npy', '--in', 'a=1'], 2, 'npy-dtype'],
    ['truncated array', ['run', 'scale.ktune', '--in', 'x=t.npy', '--in', 'a=1'], 2, 'npy-truncated'],
    ['a file that is no array', ['run', 'scale.ktune', '--in', 'x=scale.ktune', '--in', 'a=1'], 2, 'npy-foreign'],
    ['array of another rank', ['run', 'scale.ktune', '--in', 'x=r.npy', '--in', 'a=1'], 2, 'shape-rank'],
    ['a replay of something else', ['verify', '--replay', 'scale.ktune'], 2, 'replay-file'],
  ];
  for (const [what, args, exit, code] of cases) {
    it(what, async () => {
      box.write('x.npy', npy('<f4', [1, 1], f32([1])));
      box.write('i.npy', npy('<i4', [1, 1], f32([1])));
      box.write('r.npy', npy('<f4', [1], f32([1])));
      box.write('t.npy', npy('<f4', [2, 2], f32([1])));
      const ran = await box.ktune([...args, '--json']);
      expect([ran.exit, codes(ran.out)]).toEqual([exit, [code]]);
    });
  }

  it('an empty file is right and holds nothing', async () => {
    box.write('empty.ktune', '');
    expect(await box.ktune(['check', 'empty.ktune'])).toEqual({ exit: 0, out: 'empty.ktune: 0 operators\n', err: '' });
    expect(codes((await box.ktune(['explain', 'empty.ktune', '--json'])).out)).toEqual(['op-choose']);
  });

  it('a wrong kernel exits with 3, and its counterexample replays', async () => {
    box.write(
      'wrong.ktune',
      'op w(x: f32[N, 4]) -> (y: f32[N]) { y[n] = sum[k](x[n, k]) / 3.0; tolerance y = exact; }\n',
    );
    const ran = await box.ktune(['verify', 'wrong.ktune', '--target', 'cpp:generic', '--json']);
    expect([ran.exit, codes(ran.out)]).toEqual([3, ['verify-failed']]);
    const { verified } = json(ran.out).result as { verified: { counterexample: string }[] };
    const again = await box.ktune(['verify', '--replay', verified[0]?.counterexample ?? '', '--json']);
    expect([again.exit, codes(again.out)]).toEqual([3, ['verify-failed']]);
  });

  it('cases without an element to compare verify nothing', async () => {
    box.write('rows.ktune', 'op r(x: f32[N, K], const K: i64) -> (y: f32[N, K]) { y[n, k] = -x[n, k]; }\n');
    const verify = ['verify', 'rows.ktune', '--target', 'cpp:generic', '--cases', '5', '--configs', '0', '--json'];
    const ran = await box.ktune([...verify, '--shape', 'K=1000000']);
    expect([ran.exit, codes(ran.out)]).toEqual([3, ['verify-nothing']]);
    expect((await box.ktune([...verify, '--shape', 'K=3'])).exit).toBe(0);
  });

  it('zero dims are legal', async () => {
    box.write('z.npy', npy('<f4', [0, 3], f32([])));
    expect(
      (await box.ktune(['run', 'scale.ktune', '--in', 'x=z.npy', '--in', 'a=1', '--target', 'cpp:generic'])).exit,
    ).toBe(0);
    expect(
      (
        await box.ktune([
          'tune',
          'scale.ktune',
          '--target',
          'cpp:generic',
          '--shape',
          'N=0,D=4',
          '--evals',
          '2',
          '--budget',
          '120s',
        ])
      ).exit,
    ).toBe(0);
  });
});
