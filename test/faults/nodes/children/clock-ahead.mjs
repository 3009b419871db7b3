// Preloaded with `node --import`: sets the clock of the process an hour ahead, as a machine with a wrong clock has it.
const AHEAD_MS = 3_600_000

const RealDate = Date
globalThis.Date = class extends RealDate {
  constructor(...given) {
    super(...(given.length === 0 ? [RealDate.now() + AHEAD_MS] : given))
  }

  static now() {
    return RealDate.now() + AHEAD_MS
  }
}
