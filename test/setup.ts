import fc from 'fast-check';

/**
 * Properties draw the same cases in every run, so that a red run says something about the change it ran on. New cases
 * are drawn on purpose: `KTUNE_SEED=$RANDOM npm test`.
 */
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env['KTUNE_SEED'] ?? 1) });
