/**
 * The process is not the member that it was started as: another one is, or all the others belong to
 * another cluster. It has stopped, and nothing that anybody relies on is lost with it.
 */
export class MisplacedMemberError extends Error {
  override readonly name = 'MisplacedMemberError'

  constructor(member: string, how: string, dataDirectory: string) {
    super(
      `${member} is not where it belongs: ${how}; check the initial cluster, the cluster token and ` +
        `whose data directory ${dataDirectory} is`,
    )
  }
}
