/** Those with which locks are taken and elections held; none of them ends by itself. */
export const LOCK_LEASES: readonly string[] = ['2001', '2002', '2003', '8587862072907233033']
