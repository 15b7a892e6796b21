/** Who a data directory belongs to; written at its creation and compared at every start. */

export interface DirectoryIdentity {
  readonly clusterId: string
  readonly memberId: string
}
