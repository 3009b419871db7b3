import { closeSync, fdatasyncSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'hdr-histogram-js'

const BLOCK = Buffer.alloc(4_096, 1)
const BLOCKS = 256

/**
 * The disk's own fdatasync: 4 KiB overwritten in a file that is all there already, then one flush. Only the flush is
 * timed. Milliseconds.
 */
export function measureFlushes(directory, samples = 300) {
  const path = join(directory, 'flush.tmp')
  const file = openSync(path, 'w')
  const histogram = build({ numberOfSignificantValueDigits: 3 })
  try {
    for (let block = 0; block < BLOCKS; block += 1) writeSync(file, BLOCK, 0, BLOCK.length, block * BLOCK.length)
    fsyncSync(file)
    let sum = 0
    for (let sample = 0; sample < samples; sample += 1) {
      writeSync(file, BLOCK, 0, BLOCK.length, (sample % BLOCKS) * BLOCK.length)
      const start = performance.now()
      fdatasyncSync(file)
      const taken = performance.now() - start
      sum += taken
      histogram.recordValue(Math.round(taken * 1_000))
    }
    return { p50: atPercent(histogram, 50), p99: atPercent(histogram, 99), perSecond: samples / (sum / 1_000) }
  } finally {
    closeSync(file)
    rmSync(path, { force: true })
  }
}

function atPercent(histogram, percent) {
  return histogram.getValueAtPercentile(percent) / 1_000
}
