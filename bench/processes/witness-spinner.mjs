/** Takes processor time and nothing else, until it is told to stop. */
const SLICE_MS = 5

let spinning = false
process.on('message', ({ spin = false }) => {
  spinning = spin
  process.send({})
  if (spin) run()
})
process.once('disconnect', () => process.exit())

function run() {
  for (const end = performance.now() + SLICE_MS; performance.now() < end; );
  if (spinning) setImmediate(run)
}
