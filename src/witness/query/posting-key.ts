/** FNV-1a starts a name of each kind from another value, so that a task and a swarm of one name have different keys. */
const SEEDS = {
  task: 0x811c9dc5,
  swarm: 0x1b873593,
  escalation: 0x27d4eb2f,
  trace: 0xcc9e2d51,
  operation: 0x85ebca77,
  component: 0xc2b2ae3d,
}

const BUCKET_BITS = 6
export const BUCKETS = 1 << BUCKET_BITS

const FNV_PRIME = 0x01000193

/**
 * The key under which an entry is found, 32 bits. That different things may share a key does no harm: every entry that
 * is found is held against the filter again.
 */
export function postingKey(kind: keyof typeof SEEDS, name: string): number {
  let hash = SEEDS[kind]
  for (let position = 0; position < name.length; position += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(position), FNV_PRIME)
  }
  // FNV leaves the high bits of short texts alike, and those choose the bucket; this is the last step of MurmurHash3.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** The key of a name that every log has few of. They are all in the first bucket: one read answers for several. */
export function commonKey(kind: 'operation' | 'component', name: string): number {
  return postingKey(kind, name) >>> BUCKET_BITS
}

/** The bucket that has a key. */
export function bucketOf(key: number): number {
  return key >>> (32 - BUCKET_BITS)
}
