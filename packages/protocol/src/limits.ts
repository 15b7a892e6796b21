/**
 * The limits of the wire, by name. What etcd accepts by default is accepted; a limit that etcd does
 * not have is here because without it one request could take a server's memory.
 */
export const limits = Object.freeze({
  /** etcd's `--max-request-bytes`: one request, and so one value, is at most 1.5 MiB. */
  maxRequestBytes: 1.5 * 1024 * 1024,
  /** etcd's `--max-txn-ops`: the longest of compare, success and failure, nested ones included. */
  maxTxnOps: 128,
  /** Transactions nested 20 times, of about four levels each; the one limit below etcd's, of 127. */
  maxJsonDepth: 100,
  /**
   * One message of a stream. A replay may put the events of 1000 revisions in one message, and
   * base64 adds a third, so a client must accept far more than a request may hold.
   */
  maxStreamMessageBytes: 64 * 1024 * 1024,
  /** The answer to one request, which a client buffers. A range has no limit of its own in etcd. */
  maxResponseBytes: 256 * 1024 * 1024,
  /** Of a stream's request body: `create_request`, then perhaps `cancel_request` and others. */
  maxStreamRequestBytes: 1.5 * 1024 * 1024,
  /** A request id: a revision of up to 16 digits, a dash and a nanoid. */
  maxRequestIdLength: 64,
})
