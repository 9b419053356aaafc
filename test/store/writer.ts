import { openStore } from '../../src/store/records.ts';

/** A program: records trials number `from` to `to` of a study named `key` in the store at `path`, printing each number once it is kept, then what was not. */
const [path = '', key = '', from = '0', to = '0', fill = '10'] = process.argv.slice(2);
const store = openStore(path);
const info = { key, op: 'o', target: 't', machine: 'm', shape: 's', fingerprint: 'f', strategy: 'x', seed: '0' };
const { id } = store.open(info, false);
for (let i = Number(from); i < Number(to); i++) {
  const samples = Array.from({ length: Number(fill) }, (_, k) => i + k);
  store.trial(
    id,
    { number: i, configId: `${key}-${i}`, diff: { tile: i }, proposer: 'random', batch: 1, state: 'ok' },
    [{ configId: `${key}-${i}`, tier: 'screen', medianNs: i, samples, cache: 'warm' }],
  );
  const problems = store.problems();
  console.log(problems.length === 0 ? `kept ${i}` : JSON.stringify(problems[0]));
}
store.close();
