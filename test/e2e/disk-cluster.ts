/** Three real members, each with a disk of its own that can be told to fail. */

import {
  compileDiskFaults,
  DiskFaults,
  removeDiskFaults,
  serveCommand,
  startProcessCluster,
  type MemberProcess,
  type ProcessCluster,
} from '@holdfast/testkit'

export interface DiskCluster extends ProcessCluster {
  faultsOf(member: MemberProcess): DiskFaults
}

/** @param flags of `holdfast serve` */
export async function startDiskCluster(flags: readonly string[] = []): Promise<DiskCluster> {
  const library = await compileDiskFaults()
  const serve = serveCommand(import.meta.url, flags)
  const faults = new Map<string, DiskFaults>()
  const clean = (): void => {
    for (const one of faults.values()) one.close()
    removeDiskFaults(library)
  }
  try {
    const cluster = await startProcessCluster({
      memberCommand: (spec) => {
        const disk = new DiskFaults({ library, directory: spec.dataDirectory })
        faults.set(spec.name, disk)
        return { ...serve(spec), env: disk.env }
      },
    })
    return {
      ...cluster,
      get members() {
        return cluster.members
      },
      get endpoints() {
        return cluster.endpoints
      },
      faultsOf: ({ name }) => {
        const disk = faults.get(name)
        if (disk === undefined) throw new Error(`${name} has no disk`)
        return disk
      },
      close: async () => {
        await cluster.close()
        clean()
      },
    }
  } catch (error) {
    clean()
    throw error
  }
}
