/** What stands between a child process and the machine, strongest first. `docs/reference/chassis.md` says what each gives. */
export const JAIL_LEVELS = ['bubblewrap', 'unshare', 'permission'] as const
export type JailLevel = (typeof JAIL_LEVELS)[number]

/** Whether a level is at least as strong as another. */
export function isAtLeast(level: JailLevel, minimum: JailLevel): boolean {
  return JAIL_LEVELS.indexOf(level) <= JAIL_LEVELS.indexOf(minimum)
}
