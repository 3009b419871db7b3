/** A route of the framework that does nothing but answer what a claim is answered. */
import fastify from 'fastify'
import { dismissed, receiveTask } from './task.mjs'

const { answer } = await receiveTask()
const app = fastify({ logger: false })
app.post('/v1/tasks/:task/claim', () => answer)
await app.listen({ host: '127.0.0.1', port: 0 })
process.send({ url: app.listeningOrigin })
await dismissed()
await app.close()
