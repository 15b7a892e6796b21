/**
 * Everything that a command takes from its process, so that tests can run commands without one.
 */

/** The signals that ask a command to stop. `SIGPIPE` stands for "nobody reads the output now". */
export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGPIPE'

export interface Io {
  readonly stdout: Sink
  readonly stderr: Sink
  readonly stdin: AsyncIterable<Uint8Array | string> & { readonly isTTY?: boolean }
  readonly env: Readonly<Record<string, string | undefined>>
  /**
   * Hears of these signals until the returned function is called. A signal that nobody hears of ends
   * the process as it would any other.
   */
  onSignal(signals: readonly StopSignal[], listener: (signal: StopSignal) => void): () => void
}

export interface Sink {
  write(chunk: string | Uint8Array): unknown
}

export async function readAll(input: AsyncIterable<Uint8Array | string>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of input) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}
