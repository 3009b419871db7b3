/** Counts what others finish: `done` resolves with the rate once `count` have, after `warmup` that do not count. */
export class Countdown {
  #warmup
  #count
  #finished = 0
  #start = performance.now()
  #resolve
  done = new Promise((resolve) => {
    this.#resolve = resolve
  })

  constructor(warmup, count) {
    this.#warmup = warmup
    this.#count = count
  }

  note() {
    this.#finished += 1
    if (this.#finished === this.#warmup) this.#start = performance.now()
    if (this.#finished !== this.#warmup + this.#count) return
    this.#resolve({ perSecond: this.#count / ((performance.now() - this.#start) / 1_000) })
  }
}
