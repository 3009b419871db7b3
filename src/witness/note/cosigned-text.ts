/** A cosignature on its way: the time it was made at, then the Ed25519 signature (C2SP tlog-cosignature). */
export const TIMESTAMP_BYTES = 8

/** What an Ed25519 cosignature signs: the time in POSIX seconds and the whole text of the checkpoint. */
export function cosignedText(text: string, timestamp: number): string {
  return `cosignature/v1\ntime ${timestamp}\n${text}`
}

/** POSIX seconds; undefined when there are too few bytes or a time that no clock of today can say exactly. */
export function cosignatureTimestamp(signature: Uint8Array): number | undefined {
  if (signature.length < TIMESTAMP_BYTES) return undefined
  const timestamp = Number(Buffer.from(signature.subarray(0, TIMESTAMP_BYTES)).readBigUInt64BE())
  return Number.isSafeInteger(timestamp) ? timestamp : undefined
}
