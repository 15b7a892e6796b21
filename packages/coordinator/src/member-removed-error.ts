/** Others have removed this member from the cluster, for good. It has stopped. */
export class MemberRemovedError extends Error {
  override readonly name = 'MemberRemovedError'

  constructor(member: string) {
    super(
      `${member} was removed from the cluster, and its data is of no use any more: if it should return, ` +
        'empty its data directory, add it anew, and start it with the initial cluster state "existing"',
    )
  }
}
