import fc from 'fast-check'

/**
 * Property tests try the same cases in every run, so that a red run is red again. `FC_SEED=random` looks for new ones, and
 * `FC_SEED=<number>` repeats what that found.
 */
const wanted = process.env.FC_SEED
const seed = wanted === 'random' ? Date.now() % 2 ** 31 : Number(wanted ?? 20_260_101)
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed })
if (wanted === 'random') console.log(`FC_SEED=${seed}`)
