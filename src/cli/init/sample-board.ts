/** BOARD.md as `ifab init` writes it: small tasks that make sense in any project, to try it and to write one's own over. */
export const SAMPLE_BOARD = `# Board

Each row is a task. A task can be claimed once those that it depends on are completed. Write your own, check them with
\`ifab board lint BOARD.md\`, and take them over with \`ifab board import BOARD.md\`, again whenever this file changes.

| ID | Task | Dependencies | Estimate | Priority |
| --- | --- | --- | --- | --- |
| EX-1 | Read the README as a newcomer would and list what is missing or wrong | None | 15m | high |
| EX-2 | Mend the most important point of that list in the README | EX-1 | 30m | medium |
| EX-3 | Find the least tested function that matters and test it | None | 30m | medium |
| EX-4 | Review both changes | EX-2, EX-3 | 15m | low |

### EX-3: Find the least tested function that matters and test it

**Acceptance Criteria:**
- The new test fails when the function is broken on purpose
- All tests pass
`
