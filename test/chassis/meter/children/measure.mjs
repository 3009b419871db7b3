// Runs calls of a rewritten module and prints what each gave and used: what must not depend on the process that does it.
const chunks = []
for await (const chunk of process.stdin) chunks.push(chunk)
const { bytes, calls, fuel } = JSON.parse(Buffer.concat(chunks).toString('utf8'))
const module = new WebAssembly.Module(Buffer.from(bytes, 'base64'))
const outcomes = calls.map(([name, ...values]) => {
  const { exports } = new WebAssembly.Instance(module)
  exports['ifab.fuel'].value = BigInt(fuel)
  let result
  try {
    result = String(exports[name](...values))
  } catch (error) {
    result = error.message
  }
  return [result, String(exports['ifab.fuel'].value), exports['ifab.fault'].value]
})
process.stdout.write(JSON.stringify(outcomes))
