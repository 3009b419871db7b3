/** A log that can be read by anybody who has no part in it. All numbers of tiles and bundles are C2SP tlog-tiles'. */
export interface LogSource {
  /** Path or URL, for people. */
  readonly describe: string

  /** Whether the tiles are computed from the entries by whoever holds both, so that the newest may be missing. */
  readonly derivedTiles: boolean

  /** The signed note, as it is stored. Throws NOT_FOUND when there is none: then this is not a log. */
  checkpoint(): Promise<Uint8Array>

  /** The verifier key that lies beside the log, if any. By itself it proves nothing. */
  vkey(): Promise<string | undefined>

  /**
   * The first `width` hashes of a tile; derived tiles may have fewer. Undefined when it is not there; throws
   * DATA_CORRUPT when it is not a tile of that width.
   */
  tile(level: number, index: number, width: number): Promise<Buffer | undefined>

  /**
   * The first `width` entries of a bundle. Undefined when it is not there; throws DATA_CORRUPT when it does not hold
   * them. Bundles are best asked for in order.
   */
  bundle(index: number, width: number): Promise<readonly Uint8Array[] | undefined>

  /** Number of entries in the log, signed or not; absent where only the checkpoint tells. */
  readonly entries?: () => Promise<number>

  /** The stored index of the log; absent where none is stored. */
  readonly postings?: PostingFiles

  /** Releases what reading has opened; idempotent. */
  close(): Promise<void>
}

/** Index files of a log, each over a run of entries. */
export interface PostingFiles {
  /** Indexes of the first entries of the runs that are stored. */
  firsts(): Promise<readonly number[]>
  read(first: number): Promise<Buffer>
}
