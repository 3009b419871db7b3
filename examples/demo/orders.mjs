/** Orders of the stage to this process. A process whose stage is gone has nothing to do any more. */
process.once('disconnect', () => process.exit())

export function onOrder(name, act) {
  process.on('message', ({ order }) => {
    if (order === name) act()
  })
}

/** The next order that is one of `names`. */
export function nextOrder(names) {
  return new Promise((resolve) => {
    process.on('message', function receive(message) {
      if (!names.includes(message.order)) return
      process.off('message', receive)
      resolve(message)
    })
  })
}
