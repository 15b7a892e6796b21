/** Others have removed this member from the cluster, for good. It has stopped. */
export class MemberRemovedError extends Error {
  override readonly name = 'MemberRemovedError'

  constructor(member: string) {
    super(
      `${member} was removed from the cluster: start it anew, as another member, if it should return`,
    )
  }
}
