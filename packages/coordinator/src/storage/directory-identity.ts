/** Who a data directory belongs to; written at its creation and compared at every start. */

export interface DirectoryIdentity {
  readonly clusterId: string
  readonly memberId: string
  /** Names the snapshot that the cluster was restored from, and how; absent if it began empty. */
  readonly restoredFrom?: string | undefined
}
