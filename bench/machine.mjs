import { statfsSync } from 'node:fs'
import { cpus, loadavg, release, totalmem, type } from 'node:os'

/** Magic numbers of statfs(2). */
const FILE_SYSTEMS = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x01021994, 'tmpfs'],
  [0x794c7630, 'overlayfs'],
])

/** What the numbers depend on. */
export function describeMachine(directory) {
  const { type: magic } = statfsSync(directory)
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    fileSystem: FILE_SYSTEMS.get(magic) ?? `0x${magic.toString(16)}`,
    directory,
    loadAverage: loadAverage(),
  }
}

/** Of the last minute. */
export function loadAverage() {
  return round(loadavg()[0])
}

function round(value) {
  return Math.round(value * 10) / 10
}
