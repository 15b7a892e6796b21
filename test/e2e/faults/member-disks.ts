/** The disks of a cluster's members, which can be slow, fail and be full where there is a compiler. */

import {
  canCompileDiskFaults,
  compileDiskFaults,
  DiskFaults,
  removeDiskFaults,
  type MemberCommand,
} from '@holdfast/testkit'
import { FAULT_CLASSES, type PlannedFault } from './schedule.js'

export class MemberDisks {
  /** By the members' names. */
  readonly byName = new Map<string, DiskFaults>()
  readonly #library: string | undefined

  private constructor(library: string | undefined) {
    this.#library = library
  }

  /** Disks that are not to fail are left alone. */
  static async for(schedule: readonly PlannedFault[]): Promise<MemberDisks> {
    const kinds: readonly string[] = FAULT_CLASSES.disk
    const isNeeded = schedule.some(({ kind }) => kinds.includes(kind))
    return new MemberDisks(
      isNeeded && canCompileDiskFaults() ? await compileDiskFaults() : undefined,
    )
  }

  below(command: MemberCommand): MemberCommand {
    const library = this.#library
    if (library === undefined) return command
    return (spec) => {
      const disk = new DiskFaults({ library, directory: spec.dataDirectory })
      this.byName.set(spec.name, disk)
      const { env, ...spawned } = command(spec)
      return { ...spawned, env: { ...env, ...disk.env } }
    }
  }

  /** To be called when the members have ended. */
  close(): void {
    for (const disk of this.byName.values()) disk.close()
    if (this.#library !== undefined) removeDiskFaults(this.#library)
  }
}
